/**
 * A body that is sent to a client while it is copied.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { concatenated } from '../../base/bytes'

/** Why there is no copy. */
export type NoCopy = 'broken' | 'changed' | 'large' | 'slow' | 'trailers' | 'unreadable'

/** A copy in progress. */
export interface Copy {
  readonly whole: Promise<E.Either<NoCopy, Uint8Array>>
  /** Stops the copy: the rest is only sent to the client. */
  readonly stop: (why: NoCopy) => void
}

/** A copy that is complete, or failed, from the start. */
export const copied = (whole: E.Either<NoCopy, Uint8Array>): Copy => ({
  whole: Promise.resolve(whole),
  stop: () => undefined
})

interface Copying extends Copy {
  /** The stream for the client. If it is cancelled, the copy continues. */
  readonly client: ReadableStream<Uint8Array>
}

/** Collects chunks up to a limit. */
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
      // the client's reader may change the chunk
      chunks.push(new Uint8Array(chunk))
      return true
    },
    bytes: () => concatenated(chunks)
  }
}

/** A copy of a body that is written piece by piece. */
export interface Recording {
  readonly isOn: () => boolean
  readonly begin: (max: number) => Copy
  readonly add: (bytes: Uint8Array) => void
  /** Ends it: with a reason there is no copy, without one it is complete. */
  readonly end: (why?: NoCopy) => void
}

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
 * Reads a body once, for the client and the copy. During the copy, data that the client has not read waits in memory;
 * it is not more than the copy itself. Afterwards, the body is read as fast as the client reads. So neither waits for
 * the other.
 */
export const copying = (body: ReadableStream<Uint8Array>, max: number): Copying => {
  const reader = body.getReader()
  const recording = makeRecording()
  const { whole } = recording.begin(max)
  let gone = false

  const cancel = (reason?: unknown): Promise<void> => reader.cancel(reason).catch(() => undefined)
  /** One chunk for both; returns whether more may follow. */
  const step = async (client: ReadableStreamDefaultController<Uint8Array>): Promise<boolean> => {
    try {
      const { done, value } = await reader.read()
      if (done) {
        recording.end()
        if (!gone) client.close()
        return false
      }
      // anything else than bytes is not copied, whatever its type
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
  /** Whether more may follow after the copy has ended. */
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
