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
export const makeRecording = (ended: () => void = () => undefined): Recording => {
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
  const recording = makeRecording()
  const { whole } = recording.begin(max)
  let gone = false

  const cancel = (reason?: unknown): Promise<void> => reader.cancel(reason).catch(() => undefined)
  /** One chunk for both; says whether there may be more. */
  const step = async (client: ReadableStreamDefaultController<Uint8Array>): Promise<boolean> => {
    try {
      const { done, value } = await reader.read()
      if (done) {
        recording.end()
        if (!gone) client.close()
        return false
      }
      // what is no bytes is no copy, whatever its type says
      if (value instanceof Uint8Array) recording.add(value)
      else recording.end('broken')
      if (!gone) client.enqueue(value)
      else if (!recording.isOn()) void cancel()
      return true
    } catch (cause) {
      recording.end('broken')
      if (!gone) client.error(cause)
      return false
    }
  }
  /** Whether there may be more when the copy has ended. */
  const pump = async (client: ReadableStreamDefaultController<Uint8Array>): Promise<boolean> => {
    while (recording.isOn()) if (!(await step(client))) return false
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
      return recording.isOn() ? undefined : cancel(reason)
    }
  })
  return {
    client,
    whole,
    stop: (why) => {
      if (recording.isOn() && gone) void cancel()
      recording.end(why)
    }
  }
}
