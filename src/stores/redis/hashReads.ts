/**
 * The reads of a store in a hash. A field of a store that keeps no lifetimes stays forever.
 *
 * @internal
 */
import { askOnce } from '../kit/answers'
import type { Operations } from '../model'
import { isOne, toEntries, toEntry, toOption } from './answers'
import { chunksOf } from './bulk'
import type { Connection } from './connection'
import type { Hash, HashAsks } from './hashAsks'
import * as scripts from './scripts'

type Reads = Pick<Operations<Uint8Array>, 'get' | 'read' | 'has' | 'getMany' | 'readMany' | 'hasMany'>

const alone = (field: string): readonly [string] => [field]

export const hashReads = ({ fieldExpiry, key: hash }: Hash, { call, run }: HashAsks): Reads => {
  const valuesOf =
    (fields: ReadonlyArray<string>) =>
    async ({ commands }: Connection): Promise<ReadonlyArray<Uint8Array | null>> => {
      const answers = await Promise.all(chunksOf(fields).map((chunk) => commands.hmGet(hash, [...chunk])))
      return answers.flat()
    }

  return {
    get: (key) => call('get', [key], ({ commands }) => commands.hGet(hash, key), toOption),
    read: (key) =>
      fieldExpiry
        ? call(
            'read',
            [key],
            (c) => run(c, scripts.hashReadMany, [[key]]),
            ([value, pttl]) => toEntry(value, pttl)
          )
        : call(
            'read',
            [key],
            ({ commands }) => commands.hGet(hash, key),
            (value) => toEntry(value, -1)
          ),
    has: (key) => call('has', [key], ({ commands }) => commands.hExists(hash, key), isOne),
    getMany: (keys) =>
      askOnce(keys, (asked, dealt) =>
        call('getMany', asked, valuesOf(asked), (values) => dealt(values.map(toOption)))
      ),
    readMany: (keys) =>
      askOnce(keys, (asked, dealt) =>
        fieldExpiry
          ? call(
              'readMany',
              asked,
              (c) => run(c, scripts.hashReadMany, asked.map(alone)),
              (answers) => dealt(toEntries(answers))
            )
          : call('readMany', asked, valuesOf(asked), (values) =>
              dealt(values.map((value) => toEntry(value, -1)))
            )
      ),
    hasMany: (keys) =>
      askOnce(keys, (asked, dealt) =>
        call(
          'hasMany',
          asked,
          (c) => run(c, scripts.hashHasMany, asked.map(alone)),
          (answers) => dealt(answers.map(isOne))
        )
      )
  }
}
