/**
 * What the Redis stores need of a client, by shape: node-redis 6's client, pool, cluster and sentinel have it.
 * The shape is all there is: nothing here imports the client.
 *
 * @internal
 */
import { createHash } from 'node:crypto'

import type { RedisClient } from '../stores/redis'
import { slotOf } from './redisKeys'
import { makeSilence, noSilence, type Silence } from './silence'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * The commands that the stores use, of a client that answers with buffers. An answer is a view of the memory that
 * one read of the socket filled; that memory is never filled again (node-redis takes no `onread` buffer), but a
 * small answer that is kept keeps all of it (64 KiB): `own` copies.
 *
 * @internal
 */
export interface RedisCommands {
  readonly get: (key: string) => Promise<Uint8Array | null>
  readonly mGet: (keys: Array<string>) => Promise<ReadonlyArray<Uint8Array | null>>
  readonly set: (key: string, value: Buffer, options?: SetOptions) => Promise<unknown>
  readonly unlink: (keys: Array<string | Buffer>) => Promise<number>
  readonly exists: (keys: Array<string>) => Promise<number>
  readonly pExpire: (key: string, ms: number) => Promise<number>
  readonly scan: (cursor: string, options: ScanOptions) => Promise<ScanReply>
  readonly hGet: (key: string, field: string) => Promise<Uint8Array | null>
  readonly hmGet: (key: string, fields: Array<string>) => Promise<ReadonlyArray<Uint8Array | null>>
  readonly hSet: (key: string, fields: Array<[string, Buffer]>) => Promise<number>
  readonly hDel: (key: string, fields: Array<string | Buffer>) => Promise<number>
  readonly hExists: (key: string, field: string) => Promise<number>
  readonly hScan: (key: string, cursor: string, options: ScanOptions) => Promise<HScanReply>
  readonly eval: (script: string, options: ScriptOptions) => Promise<unknown>
  readonly evalSha: (sha: string, options: ScriptOptions) => Promise<unknown>
}

/** @internal */
export interface SetOptions {
  readonly expiration: { readonly type: 'PX'; readonly value: number }
}

/** @internal */
export interface ScanOptions {
  readonly MATCH: string
  readonly COUNT: number
}

/** @internal */
export interface ScanReply {
  readonly cursor: unknown
  readonly keys: ReadonlyArray<Buffer>
}

/** @internal */
export interface HScanReply {
  readonly cursor: unknown
  readonly entries: ReadonlyArray<{ readonly field: Buffer }>
}

/** @internal */
export interface ScriptOptions {
  keys: Array<string>
  arguments: Array<string | Buffer>
}

// -------------------------------------------------------------------------------------
// the client at work
// -------------------------------------------------------------------------------------

/**
 * A client made ready: its commands with buffers as answers, the prefix that it puts before every key by itself
 * (`keyPrefix`), and whether one command may only have keys of one slot.
 *
 * `brisk` is the same without the client's own timeout, while its socket is ready: that is an `AbortSignal` per
 * command, a fifth of what a `GET` costs, and it ends where the command is written. It is for reads only, of a store
 * that has its own deadline: what is not written while the server is frozen waits in the client until it is.
 *
 * @internal
 */
export interface Connection {
  readonly commands: RedisCommands
  readonly brisk: () => Connection
  /**
   * The same, for what is not to be done any more when a signal says so: a pool, a cluster and a sentinel's client hold
   * commands back while they look for a server, and some send one again that had none. An old value would come after a new
   * one.
   */
  readonly until: (signal: AbortSignal) => RedisCommands
  readonly keyPrefix: string
  readonly isCluster: boolean
  /** Who has a key, on a cluster; the same for all where nobody knows. */
  readonly ownerOf: (key: string) => unknown
  /**
   * Has a cluster's client ask who has which slots, now and then at most. It does so by itself where a connection that it
   * had is lost, or a node tells it; not where it never had one, as one that was started while a master was frozen.
   */
  readonly refresh: () => void
  /** Who owes an answer; of a pool nobody does: it gives every command a connection on which nothing waits. */
  readonly silence: Silence
}

const connections = /*#__PURE__*/ new WeakMap<RedisClient, Connection>()

const ignore = (): void => undefined

/** What its commands are sent with. Only a client adds to it what it is given; the others take that instead. */
const optionsOf = (commands: RedisCommands): object => {
  // the proof: looked at as `unknown`; a sentinel's client has a public name for it, the others have not
  const seen = commands as { readonly _commandOptions?: unknown; readonly commandOptions?: unknown }
  const options = seen._commandOptions ?? seen.commandOptions
  return typeof options === 'object' && options !== null ? options : {}
}

const refreshPause = 500
const refresher = (slots: unknown): (() => void) => {
  // the proof: node-redis has no public name for it; where it is not there, or fails, nothing is lost
  const seen = slots as { readonly rediscover?: () => Promise<unknown> } | null | undefined
  let last = -Infinity
  return () => {
    const now = performance.now()
    if (typeof seen?.rediscover !== 'function' || now - last < refreshPause) return
    last = now
    seen.rediscover().catch(ignore)
  }
}

const connect = (client: RedisClient): Connection => {
  // the proof: every property is looked at as `unknown` before it is used
  const seen = client as {
    readonly on?: unknown
    readonly slots?: unknown
    readonly _keyPrefix?: unknown
    readonly isReady?: unknown
    readonly withCommandOptions?: unknown
    readonly execute?: unknown
    readonly _slots?: unknown
  }
  // an 'error' event that nobody hears ends the process; the failed command says it anyway
  if (typeof seen.on === 'function') seen.on.call(client, 'error', ignore)
  const prefix = seen._keyPrefix
  const patient: Connection = {
    commands: client.withTypeMapping({ 36: Buffer }),
    brisk: () => (seen.isReady === true ? brisk : patient),
    until: (signal) =>
      typeof seen.withCommandOptions === 'function'
        ? // the proof: it is `withTypeMapping` with one option more
          (seen.withCommandOptions.call(client, {
            ...optionsOf(patient.commands),
            typeMapping: { 36: Buffer },
            // it is an `AbortSignal` more, and the one is enough
            timeout: 0,
            abortSignal: signal
          }) as RedisCommands)
        : patient.commands,
    // node-redis has no public name for it that client, pool, cluster and sentinel share; tested on each
    keyPrefix: typeof prefix === 'string' ? prefix : Buffer.isBuffer(prefix) ? prefix.toString() : '',
    isCluster: Array.isArray(seen.slots),
    ownerOf: (key) => {
      const { slots } = seen // anew: slots move
      const shard: unknown = Array.isArray(slots) ? slots[slotOf(patient.keyPrefix + key)] : undefined
      return (shard as { readonly master?: unknown } | undefined)?.master
    },
    refresh: refresher(seen._slots),
    silence: typeof seen.execute === 'function' ? noSilence : makeSilence(() => performance.now())
  }
  // a cluster is ready or not as a whole, whatever its sockets are
  const brisk: Connection =
    patient.isCluster || typeof seen.withCommandOptions !== 'function'
      ? patient
      : {
          ...patient,
          // the proof: it is `withTypeMapping` with one option more
          commands: seen.withCommandOptions.call(client, {
            typeMapping: { 36: Buffer },
            timeout: 0
          }) as RedisCommands
        }
  return patient
}

/**
 * The connection of a client: one for all stores, so that a client gets one listener and one view however many
 * stores use it.
 *
 * @internal
 */
export const connectionOf = (client: RedisClient): Connection => {
  const known = connections.get(client)
  if (known !== undefined) return known
  const connection = connect(client)
  connections.set(client, connection)
  return connection
}

/**
 * An answer that does not keep much more memory than its own: one of many in a chunk of the socket is copied, one
 * that is most of its chunk (as a lone answer is) stays where it is.
 *
 * @internal
 */
export const own = (answer: Uint8Array): Uint8Array =>
  answer.byteLength * 2 < answer.buffer.byteLength ? new Uint8Array(answer) : answer

/**
 * The answers of one bulk read: where together they are most of their chunks they stay where they are (a hundred copies
 * would cost a sixth of an `MGET` with its `JSON.parse`), else each is on its own.
 *
 * @internal
 */
export const ownAll = (answers: ReadonlyArray<Uint8Array | null>): ReadonlyArray<Uint8Array | null> => {
  let asked = 0
  let held = 0
  let chunk: ArrayBufferLike | undefined
  for (const answer of answers) {
    if (answer === null) continue
    asked += answer.byteLength
    if (answer.buffer === chunk) continue
    chunk = answer.buffer
    held += chunk.byteLength
  }
  return asked * 2 < held ? answers.map((answer) => (answer === null ? null : own(answer))) : answers
}

// -------------------------------------------------------------------------------------
// scripts
// -------------------------------------------------------------------------------------

/** @internal */
export interface Script {
  readonly source: string
  readonly sha: string
}

/** @internal */
export const script = (source: string): Script => ({
  source,
  sha: createHash('sha1').update(source).digest('hex')
})

const isNoScript = (cause: unknown): boolean =>
  // the proof: `message` is looked at as `unknown`; an error of another realm is no `instanceof Error`
  String((cause as { readonly message?: unknown } | undefined)?.message).startsWith('NOSCRIPT')

/**
 * Runs a script by its digest; a server that does not know it (restarted, `SCRIPT FLUSH`, a new master) is sent
 * the source, once.
 *
 * @internal
 */
export const runScript = (
  commands: RedisCommands,
  { sha, source }: Script,
  options: ScriptOptions
): Promise<unknown> =>
  commands.evalSha(sha, options).catch((cause: unknown) => {
    if (isNoScript(cause)) return commands.eval(source, options)

    throw cause
  })
