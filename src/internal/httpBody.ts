/**
 * A body that goes to a client while a copy of it is made.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

/** Why there is no copy. */
export type NoCopy = 'large' | 'broken'

interface Copied {
  /** What the client reads. To cancel it does not end the copy. */
  readonly client: ReadableStream<Uint8Array>
  readonly whole: Promise<E.Either<NoCopy, Uint8Array>>
}

/** Gathers chunks up to a limit. */
export interface Gathering {
  /** Whether there is room for more. */
  readonly add: (chunk: Uint8Array) => boolean
  readonly bytes: () => Uint8Array
}

/** @internal */
export const gathering = (max: number): Gathering => {
  let chunks: Array<Uint8Array> = []
  let size = 0
  return {
    add: (chunk) => {
      size += chunk.length
      if (size > max) {
        chunks = []
        return false
      }
      // whoever reads the chunk too may do with it what he likes
      chunks.push(new Uint8Array(chunk))
      return true
    },
    bytes: () => Buffer.concat(chunks)
  }
}

/**
 * Reads a body once, for two. While the copy is made, what the client has not read yet waits in memory, which is not more
 * than the copy itself; then it is read as fast as the client reads. So neither waits for the other.
 *
 * @internal
 */
export const copying = (body: ReadableStream<Uint8Array>, max: number): Copied => {
  const reader = body.getReader()
  const gathered = gathering(max)
  let copies = true
  let gone = false
  let settle: (whole: E.Either<NoCopy, Uint8Array>) => void
  const whole = new Promise<E.Either<NoCopy, Uint8Array>>((resolve) => (settle = resolve))

  const stop = (answer: E.Either<NoCopy, Uint8Array>): void => {
    copies = false
    settle(answer)
  }
  /** One chunk for both; says whether there may be more. */
  const step = async (client: ReadableStreamDefaultController<Uint8Array>): Promise<boolean> => {
    try {
      const { done, value } = await reader.read()
      if (done) {
        stop(E.right(gathered.bytes()))
        if (!gone) client.close()
        return false
      }
      if (copies && !(value instanceof Uint8Array)) stop(E.left('broken'))
      else if (copies && !gathered.add(value)) stop(E.left('large'))
      if (!gone) client.enqueue(value)
      else if (!copies) void reader.cancel().catch(() => undefined)
      return true
    } catch (cause) {
      stop(E.left('broken'))
      if (!gone) client.error(cause)
      return false
    }
  }
  const pump = async (client: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    while (copies) if (!(await step(client))) return
  }
  const client = new ReadableStream<Uint8Array>({
    start: (controller) => {
      void pump(controller)
    },
    pull: async (controller) => {
      if (!copies) await step(controller)
    },
    cancel: (reason) => {
      gone = true
      return copies ? undefined : reader.cancel(reason)
    }
  })
  return { client, whole }
}
