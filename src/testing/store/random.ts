/**
 * Laws 2, 10-12, 17, 18 and 35 together: random programs.
 *
 * @internal
 */
import * as fc from 'fast-check'

import { someKeys } from '../key/mistaken'
import { freshPrefix } from '../words/words'
import { type StoreLaws, tidy } from './case'
import { commands, execute } from './programs'

export const random: StoreLaws = {
  'laws 2, 10-12, 17, 18, 35: random programs do what a Map with lifetimes does': (c) =>
    fc.assert(
      fc.asyncProperty(commands(c), async (program) => {
        const prefix = freshPrefix()
        await execute(c, prefix, program)
        await tidy(
          c,
          prefix,
          someKeys.map((key) => prefix + key)
        )
      }),
      c.check
    )
}
