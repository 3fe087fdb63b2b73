import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import * as path from 'node:path'

import { afterAll } from '@jest/globals'

import { sqlite } from '../../src/stores/sqlite'
import { type Connection, drivers } from '../integration/sqlite/drivers'
import { byteExtremes, byteValues, equalBytes, storeLaws } from '../laws/store'

const home = fs.mkdtempSync(path.join(tmpdir(), 'fp-ring-sqlite-'))
const connections: Array<Connection> = []
afterAll(() => {
  for (const db of connections) db.close()
  fs.rmSync(home, { recursive: true, force: true })
})

let databases = 0
const freshFile = (): string => path.join(home, `${String(databases++)}.db`)

const values = { values: byteValues, extremes: byteExtremes, equals: equalBytes }

for (const [name, open] of drivers) {
  const fresh = (file = freshFile()): Connection => {
    const db = open(file)
    connections.push(db)
    return db
  }
  storeLaws(`sqlite over ${name}`, () => sqlite(fresh()), { ...values, numRuns: 20 })
  let now = Date.now()
  storeLaws(`sqlite over ${name}, by another clock`, () => sqlite(fresh(), { clock: { now: () => now } }), {
    ...values,
    instant: true,
    wait: async (ms) => void (now += ms)
  })
}
