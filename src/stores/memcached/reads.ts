/**
 * What the store reads: the trips of its reading operations.
 *
 * @internal
 */
import type * as O from 'fp-ts/Option'

import type { Operation } from '../../RingError'
import type { Entry } from '../model'
import { askAll, askOne, only } from './asks'
import { getRequest, hasRequest, readRequest, toEntry, toHas, toOption } from './entries'
import type { MemcachedReply, MemcachedRequest } from './model'
import type { BulkTrip, Trip } from './trips'

type Replies = ReadonlyArray<MemcachedReply>

// -------------------------------------------------------------------------------------
// one key
// -------------------------------------------------------------------------------------

export const getTrip: Trip<Replies, O.Option<Uint8Array>> = {
  operation: 'get',
  start: (server, itemKey) => server.ask([getRequest(itemKey)]),
  decode: /*#__PURE__*/ only(toOption),
  isBrief: true
}

export const readTrip: Trip<Replies, O.Option<Entry<Uint8Array>>> = {
  operation: 'read',
  start: (server, itemKey) => server.ask([readRequest(itemKey)]),
  decode: /*#__PURE__*/ only(toEntry),
  isBrief: true
}

export const hasTrip: Trip<MemcachedReply, boolean> = {
  operation: 'has',
  start: (server, itemKey) => askOne(server, hasRequest(itemKey)),
  decode: toHas
}

// -------------------------------------------------------------------------------------
// many keys
// -------------------------------------------------------------------------------------

/** One request for each key. A key that is repeated is read twice; a search for duplicates would cost more. */
const bulkRead = <A>(
  operation: Operation,
  request: (itemKey: string) => MemcachedRequest,
  decode: (reply: MemcachedReply) => A
): BulkTrip<Replies, ReadonlyArray<A>> => ({
  operation,
  start: (client, itemKeys) => askAll(client, itemKeys, itemKeys.map(request)),
  decode: (replies) => replies.map(decode),
  isBrief: true
})

export const getManyTrip = /*#__PURE__*/ bulkRead('getMany', getRequest, toOption)

export const readManyTrip = /*#__PURE__*/ bulkRead('readMany', readRequest, toEntry)

export const hasManyTrip = /*#__PURE__*/ bulkRead('hasMany', hasRequest, toHas)
