/** What the default key costs, against a template that is written for the arguments. */
import { KeyFn } from 'fp-ring'

import { compare, rowsOf, type Scenario } from './harness'

const structural = KeyFn.structural('search')
const cities = Array.from({ length: 100 }, (_, i) => `city ${String(i)}`)

const scenario = async (
  name: string,
  template: (i: number) => string,
  ours: (i: number) => string
): ReturnType<Scenario> =>
  rowsOf(
    await compare({
      // what is made must be used, or it is not made
      template: (n) => {
        let length = 0
        for (let i = 0; i < n; i++) length += template(i % 100).length
        return length
      },
      structural: (n) => {
        let length = 0
        for (let i = 0; i < n; i++) length += ours(i % 100).length
        return length
      }
    }),
    { scenario: `key: ${name}`, baseline: 'template', ours: 'structural', targets: { cpu: undefined } }
  )

export const key: Scenario = async () => [
  ...(await scenario(
    'a number',
    (i) => `search:${String(i)}`,
    (i) => structural(i)
  )),
  ...(await scenario(
    'a text, a number',
    (i) => `search:${cities[i]!}:${String(i)}`,
    (i) => structural(cities[i]!, i)
  )),
  ...(await scenario(
    'an object',
    (i) => `search:${cities[i]!}:${String(i)}`,
    (i) => structural({ city: cities[i]!, page: i })
  ))
]
