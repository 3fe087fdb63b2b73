/**
 * A body that goes to a client while a copy of it is made.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

/** Why there is no copy. */
export type NoCopy = 'broken' | 'large' | 'set-cookie' | 'slow' | 'unreadable'

/** A copy that is being made. */
export interface Copy {
  readonly whole: Promise<E.Either<NoCopy, Uint8Array>>
  /** Makes no copy any more: the rest is the client's alone. */
  readonly stop: (why: NoCopy) => void
}

/** A copy that there is, or is not, at once. */
export const copied = (whole: E.Either<NoCopy, Uint8Array>): Copy => ({
  whole: Promise.resolve(whole),
  stop: () => undefined
})

interface Copying extends Copy {
  /** What the client reads. To cancel it does not end the copy. */
  readonly client: ReadableStream<Uint8Array>
}

/** Gathers chunks up to a limit. */
interface Gathering {
  /** Whether there is room for more. */
  readonly add: (chunk: Uint8Array) => boolean
  readonly bytes: () => Uint8Array
}

const gathering = (max: number): Gathering => {
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

/** A copy of what somebody writes, piece by piece. */
export interface Recording {
  readonly isOn: () => boolean
  readonly begin: (max: number) => Copy
  readonly add: (bytes: Uint8Array) => void
  /** Ends it: there is no copy, or that is the whole. */
  readonly end: (why?: NoCopy) => void
}

/** @internal */
export const makeRecording = (ended: () => void): Recording => {
  let gathered: Gathering | undefined
  let settle: (whole: E.Either<NoCopy, Uint8Array>) => void
  const end = (why?: NoCopy): void => {
    if (gathered === undefined) return
    settle(why === undefined ? E.right(gathered.bytes()) : E.left(why))
    gathered = undefined
    ended()
  }
  return {
    isOn: () => gathered !== undefined,
    begin: (max) => {
      gathered = gathering(max)
      return { whole: new Promise((resolve) => (settle = resolve)), stop: end }
    },
    add: (bytes) => {
      if (gathered?.add(bytes) === false) end('large')
    },
    end
  }
}

/**
 * Reads a body once, for two. While the copy is made, what the client has not read yet waits in memory, which is not more
 * than the copy itself; then it is read as fast as the client reads. So neither waits for the other.
 *
 * @internal
 */
export const copying = (body: ReadableStream<Uint8Array>, max: number): Copying => {
  const reader = body.getReader()
  const gathered = gathering(max)
  let copies = true
  let gone = false
  let settle: (whole: E.Either<NoCopy, Uint8Array>) => void
  const whole = new Promise<E.Either<NoCopy, Uint8Array>>((resolve) => (settle = resolve))

  const end = (answer: E.Either<NoCopy, Uint8Array>): void => {
    copies = false
    settle(answer)
  }
  const cancel = (reason?: unknown): Promise<void> => reader.cancel(reason).catch(() => undefined)
  /** One chunk for both; says whether there may be more. */
  const step = async (client: ReadableStreamDefaultController<Uint8Array>): Promise<boolean> => {
    try {
      const { done, value } = await reader.read()
      if (done) {
        end(E.right(gathered.bytes()))
        if (!gone) client.close()
        return false
      }
      if (copies && !(value instanceof Uint8Array)) end(E.left('broken'))
      else if (copies && !gathered.add(value)) end(E.left('large'))
      if (!gone) client.enqueue(value)
      else if (!copies) void cancel()
      return true
    } catch (cause) {
      end(E.left('broken'))
      if (!gone) client.error(cause)
      return false
    }
  }
  /** Whether there may be more when the copy has ended. */
  const pump = async (client: ReadableStreamDefaultController<Uint8Array>): Promise<boolean> => {
    while (copies) if (!(await step(client))) return false
    return true
  }
  let pumped: Promise<boolean>
  const client = new ReadableStream<Uint8Array>({
    start: (controller) => {
      pumped = pump(controller)
    },
    pull: async (controller) => {
      if (await pumped) await step(controller)
    },
    cancel: (reason) => {
      gone = true
      return copies ? undefined : cancel(reason)
    }
  })
  return {
    client,
    whole,
    stop: (why) => {
      if (copies && gone) void cancel()
      end(E.left(why))
    }
  }
}
