/**
 * The commands of a Redis client that the stores use.
 *
 * @internal
 */

/**
 * The commands that the stores use, of a client that answers with buffers. An answer is a view of the memory that
 * one read of the socket filled. That memory is never reused (node-redis takes no `onread` buffer), but a small
 * answer that is kept retains all of it (64 KiB). So `own` copies it.
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

export interface SetOptions {
  readonly expiration: { readonly type: 'PX'; readonly value: number }
}

export interface ScanOptions {
  readonly MATCH: string
  readonly COUNT: number
}

export interface ScanReply {
  readonly cursor: unknown
  readonly keys: ReadonlyArray<Buffer>
}

export interface HScanReply {
  readonly cursor: unknown
  readonly entries: ReadonlyArray<{ readonly field: Buffer }>
}

export interface ScriptOptions {
  keys: Array<string>
  arguments: Array<string | Buffer>
}
