/**
 * The runtime: what it offers beyond JavaScript and the web's own interfaces. This is the only module of the core that
 * looks for `Buffer`, `process` and the other globals of a runtime, and each of them may be missing. No module of the
 * core imports `node:`.
 *
 * @internal
 */

/** The part of Node's `Buffer` that is used. Bun and Deno have it too. */
interface Buffers {
  readonly isBuffer: (u: unknown) => boolean
  readonly isEncoding?: (name: string) => boolean
  readonly from: (
    buffer: ArrayBufferLike,
    offset: number,
    length: number
  ) => { readonly toString: (encoding: 'utf8' | 'base64url') => string }
}

/** The part of `node:crypto` that is used. */
interface Crypto {
  readonly createHash: (name: 'sha256') => {
    readonly update: (bytes: Uint8Array) => { readonly digest: () => Uint8Array }
  }
}

/** The part of `node:buffer` that is used. */
interface BufferModule {
  readonly isUtf8: (bytes: Uint8Array) => boolean
}

/** The global object of a runtime. Each member may be missing. */
export interface Host {
  readonly Buffer?: Buffers
  readonly Deno?: { readonly unrefTimer?: (id: number) => void }
  readonly SharedArrayBuffer?: typeof SharedArrayBuffer
  readonly WeakRef?: typeof WeakRef
  readonly navigator?: { readonly userAgent?: string }
  readonly process?: {
    readonly versions?: { readonly node?: string }
    readonly getBuiltinModule?: (name: string) => unknown
    readonly nextTick?: (run: () => void) => void
    readonly emitWarning?: (
      message: string,
      options: { readonly type: string; readonly code: string }
    ) => void
  }
  readonly console?: { readonly warn?: (message: string) => void }
  readonly setImmediate?: (run: () => void) => unknown
}

// SAFETY: every member of `Host` is optional, and runtimes that have it have it with this type
export const host = globalThis as unknown as Host

/** Whether this is Cloudflare Workers. A check for `process` would not do: Workers with `nodejs_compat` have one. */
export const isWorkers = ({ navigator }: Host): boolean => navigator?.userAgent === 'Cloudflare-Workers'

/**
 * A module of Node, got without an import. Node from 20.16 and 22.3, Bun, Deno and Workers with `nodejs_compat` allow
 * it.
 */
const builtIn = <M extends object>({ process }: Host, name: string, has: keyof M): M | undefined => {
  try {
    const found = process?.getBuiltinModule?.(name)
    // SAFETY: the module has the one function that is used
    return typeof found === 'object' && found !== null && has in found ? (found as M) : undefined
  } catch {
    return undefined
  }
}

/** `node:crypto`, if present. */
export const cryptoOf = (of: Host): Crypto | undefined => builtIn<Crypto>(of, 'node:crypto', 'createHash')

/** `node:buffer`, if present. */
export const bufferModuleOf = (of: Host): BufferModule | undefined =>
  builtIn<BufferModule>(of, 'node:buffer', 'isUtf8')

/** Whether a value is a `Buffer` of Node, which holds nothing but its bytes. */
export const isBuffer = (u: unknown): boolean => host.Buffer?.isBuffer(u) === true
