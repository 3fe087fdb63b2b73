// Entries in the SQLite that Node brings.
import assert from 'node:assert'
import { DatabaseSync } from 'node:sqlite'

import { either as E, taskEither as TE } from 'fp-ts'
import * as t from 'io-ts'
import { Codec, ring } from 'fp-ring'
import { sqlite } from 'fp-ring/sqlite'

const database = new DatabaseSync(':memory:')
let runs = 0
const square = ring((n) => TE.fromIO(() => (runs++, n * n)), {
  name: 'square',
  store: sqlite(database),
  codec: Codec.json(t.number)
})
assert.deepStrictEqual([await square(3)(), await square(3)(), runs], [E.right(9), E.right(9), 1])
assert.deepStrictEqual(await square.delete(3)(), E.right(undefined))
assert.deepStrictEqual(await square.has(3)(), E.right(false))
database.close()
console.log('ok')
