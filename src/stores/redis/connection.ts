/**
 * What the Redis stores need of a client, by shape: node-redis 6's client, pool, cluster and sentinel have it.
 * Nothing here imports the client.
 *
 * @internal
 */
import { createHash } from 'node:crypto'

import { ignore } from '../../base/ignore'
import { makeSilence, noSilence, type Silence } from '../kit/silence'
import type { RedisCommands, ScriptOptions } from './commands'
import { slotOf } from './keys'
import type { RedisClient } from './model'

// -------------------------------------------------------------------------------------
// prepared clients
// -------------------------------------------------------------------------------------

/**
 * A prepared client: its commands with buffers as answers, the prefix that the client itself puts before every key
 * (`keyPrefix`), and whether all keys of one command must be in one slot.
 *
 * `brisk` has the same commands without the client's own timeout, while its socket is ready. That timeout is an
 * `AbortSignal` per command: a fifth of the cost of a `GET`, and it ends when the command is written. `brisk` is only
 * for reads of a store with its own deadline: while the server is frozen, unwritten commands wait in the client.
 */
export interface Connection {
  readonly commands: RedisCommands
  readonly brisk: () => Connection
  /**
   * The same commands, cancelled by a signal. A pool, a cluster and a sentinel's client hold commands back while they
   * look for a server, and some resend a command that had no answer. Without the signal, an old value could be written
   * after a new one.
   */
  readonly until: (signal: AbortSignal) => RedisCommands
  readonly keyPrefix: string
  readonly isCluster: boolean
  /** The owner of a key on a cluster; the same value for all keys where the owner is unknown. */
  readonly ownerOf: (key: string) => unknown
  /**
   * Makes a cluster's client look up the owners of the slots, with a minimum interval. The client does so by itself
   * when it loses a connection, or a node redirects it; but not if it never connected, as when it started while a
   * master was frozen.
   */
  readonly refresh: () => void
  /** Which servers owe an answer. None for a pool: it sends every command on an idle connection. */
  readonly silence: Silence
}

const connections = /*#__PURE__*/ new WeakMap<RedisClient, Connection>()

/**
 * The options of a client's commands. Only a plain client adds to the options that it receives; others replace them.
 */
const optionsOf = (commands: RedisCommands): object => {
  // SAFETY: read as `unknown`; only a sentinel's client has a public name for it
  const seen = commands as { readonly _commandOptions?: unknown; readonly commandOptions?: unknown }
  const options = seen._commandOptions ?? seen.commandOptions
  return typeof options === 'object' && options !== null ? options : {}
}

const refreshPause = 500
const refresher = (slots: unknown): (() => void) => {
  // SAFETY: node-redis has no public name for it; if it is missing, or fails, nothing is lost
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
  // SAFETY: every property is checked as `unknown` before it is used
  const seen = client as {
    readonly on?: unknown
    readonly slots?: unknown
    readonly _keyPrefix?: unknown
    readonly isReady?: unknown
    readonly withCommandOptions?: unknown
    readonly execute?: unknown
    readonly _slots?: unknown
  }
  // an 'error' event without a listener ends the process; the failed command reports the error anyway
  if (typeof seen.on === 'function') seen.on.call(client, 'error', ignore)
  const prefix = seen._keyPrefix
  const patient: Connection = {
    commands: client.withTypeMapping({ 36: Buffer }),
    brisk: () => (seen.isReady === true ? brisk : patient),
    until: (signal) =>
      typeof seen.withCommandOptions === 'function'
        ? // SAFETY: it is `withTypeMapping` with one more option
          (seen.withCommandOptions.call(client, {
            ...optionsOf(patient.commands),
            typeMapping: { 36: Buffer },
            // the timeout would be a second `AbortSignal`; one is enough
            timeout: 0,
            abortSignal: signal
          }) as RedisCommands)
        : patient.commands,
    // node-redis has no public name for it that all kinds of client share; tested on each kind
    keyPrefix: typeof prefix === 'string' ? prefix : Buffer.isBuffer(prefix) ? prefix.toString() : '',
    isCluster: Array.isArray(seen.slots),
    ownerOf: (key) => {
      const { slots } = seen // read each time: slots move
      const shard: unknown = Array.isArray(slots) ? slots[slotOf(patient.keyPrefix + key)] : undefined
      return (shard as { readonly master?: unknown } | undefined)?.master
    },
    refresh: refresher(seen._slots),
    silence: typeof seen.execute === 'function' ? noSilence : makeSilence(() => performance.now())
  }
  // a cluster reports one state for all its sockets
  const brisk: Connection =
    patient.isCluster || typeof seen.withCommandOptions !== 'function'
      ? patient
      : {
          ...patient,
          // SAFETY: it is `withTypeMapping` with one more option
          commands: seen.withCommandOptions.call(client, {
            typeMapping: { 36: Buffer },
            timeout: 0
          }) as RedisCommands
        }
  return patient
}

/**
 * The connection of a client. All stores share it, so a client gets one listener and one view, however many stores use
 * it.
 */
export const connectionOf = (client: RedisClient): Connection => {
  const known = connections.get(client)
  if (known !== undefined) return known
  const connection = connect(client)
  connections.set(client, connection)
  return connection
}

/**
 * An answer that retains little more memory than its own. A small part of a chunk of the socket is copied; an answer
 * that is most of its chunk (as a lone answer is) is not.
 */
export const own = (answer: Uint8Array): Uint8Array =>
  answer.byteLength * 2 < answer.buffer.byteLength ? new Uint8Array(answer) : answer

/**
 * The answers of one bulk read. They are not copied if together they are most of their chunks (a hundred copies would
 * cost a sixth of an `MGET` with its `JSON.parse`). Otherwise `own` decides for each.
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

export interface Script {
  readonly source: string
  readonly sha: string
}

export const script = (source: string): Script => ({
  source,
  sha: createHash('sha1').update(source).digest('hex')
})

const isNoScript = (cause: unknown): boolean =>
  // SAFETY: `message` is read as `unknown`; an error of another realm is not an `instanceof Error`
  String((cause as { readonly message?: unknown } | undefined)?.message).startsWith('NOSCRIPT')

/**
 * Runs a script by its digest. If the server does not know it (after a restart, `SCRIPT FLUSH`, or a failover), sends
 * the source once.
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
