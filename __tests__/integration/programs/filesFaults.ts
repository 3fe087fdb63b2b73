/**
 * Writes and reads many entries at once, in a process with limits that the parent has set, and says what came of it:
 * `filesFaults <directory>`. It ends well, whatever fails.
 */
import * as D from '../../../src/Duration'
import { files } from '../../../src/stores/files'

const [directory = ''] = process.argv.slice(2)
const store = files({ directory, timeout: D.seconds(30) })
const entries = Array.from(
  { length: 300 },
  (_, i) => [`key ${String(i)}`, Buffer.alloc(i % 3 === 0 ? 20_000 : 10)] as const
)

const counted = (all: ReadonlyArray<string>): Readonly<Record<string, number>> =>
  all.reduce<Record<string, number>>((sum, one) => ({ ...sum, [one]: (sum[one] ?? 0) + 1 }), {})

const main = async (): Promise<void> => {
  const written = await Promise.all(
    entries.map(async ([key, value]) => {
      const answer = await store.set(key, value, D.hours(1))()
      return answer._tag === 'Right' ? 'right' : answer.left.reason
    })
  )
  const read = await Promise.all(
    entries.map(async ([key]) => {
      const answer = await store.get(key)()
      return answer._tag === 'Left' ? answer.left.reason : answer.right._tag.toLowerCase()
    })
  )
  process.stdout.write(JSON.stringify({ written: counted(written), read: counted(read) }))
}

void main()
