/**
 * The reads of a store of strings.
 *
 * @internal
 */
import { askOnce, deal, distinct, none, noneAsked } from '../kit/answers'
import type { Operations } from '../model'
import { isOne, toEntries, toEntry, toOption, toOptions } from './answers'
import type { StoreAsks } from './asks'
import { getAll, most, type OverKeys, runOverKeys } from './bulk'
import { runScript } from './connection'
import * as scripts from './scripts'

type Reads = Pick<Operations<Uint8Array>, 'get' | 'read' | 'has' | 'getMany' | 'readMany' | 'hasMany'>

const readMany: OverKeys = { script: scripts.readMany, width: 2 }
const hasMany: OverKeys = { script: scripts.hasMany }

export const redisReads = ({ brisk, patient }: StoreAsks): Reads => ({
  get: (key) => brisk.single('get', key, ({ commands }, k) => commands.get(k), toOption),
  read: (key) =>
    brisk.single(
      'read',
      key,
      ({ commands }, k) => runScript(commands, scripts.read, { keys: [k], arguments: [] }),
      (answer) => (Array.isArray(answer) ? toEntry(answer[0], answer[1]) : none)
    ),
  has: (key) => patient.single('has', key, ({ commands }, k) => commands.exists([k]), isOne),
  getMany: (keys) => {
    if (keys.length === 0) return noneAsked
    // one command may have a key twice; a search for duplicates would cost more
    const asked: ReturnType<typeof distinct> = keys.length > most ? distinct(keys) : { keys }
    return brisk.bulk(
      'getMany',
      asked.keys,
      ({ commands }, ks) => getAll(commands, ks),
      (answers) => deal(toOptions(answers), asked.places)
    )
  },
  readMany: (keys) =>
    askOnce(keys, (asked, dealt) =>
      brisk.bulk(
        'readMany',
        asked,
        (c, ks) => runOverKeys(c, readMany, ks),
        (answers) => dealt(toEntries(answers))
      )
    ),
  hasMany: (keys) =>
    askOnce(keys, (asked, dealt) =>
      patient.bulk(
        'hasMany',
        asked,
        (c, ks) => runOverKeys(c, hasMany, ks),
        (answers) => dealt(answers.map(isOne))
      )
    )
})
