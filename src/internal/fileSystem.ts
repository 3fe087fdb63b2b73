/**
 * What the file store does to files. All that can be seen under a name is whole, whoever is killed and when: a file is
 * written under another name, and then takes its place in one step.
 *
 * @internal
 */
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import * as path from 'node:path'

import { draftsOf, isFirst, isSecond } from './fileNames'

/** @internal */
export interface Contents {
  readonly bytes: Buffer
  readonly mtimeMs: number
}

/** Whether it says that there is no such file. */
const isAbsent = (cause: unknown): boolean =>
  // the proof: `code` is looked at as `unknown`
  (cause as { readonly code?: unknown } | null)?.code === 'ENOENT'

/** @internal */
export const unlessAbsent =
  <A>(instead: A) =>
  (cause: unknown): A => {
    if (isAbsent(cause)) return instead
    throw cause
  }

/**
 * Whether it says that something is there which is no file: a link that would have to be followed, a pipe, a directory.
 *
 * @internal
 */
export const isNoFile = (cause: unknown): boolean => {
  // the proof: as above
  const code = (cause as { readonly code?: unknown } | null)?.code
  return code === noFile || code === 'ELOOP' || code === 'EMLINK' || code === 'ENXIO'
}

const ignore = (): void => undefined

// -------------------------------------------------------------------------------------
// reading
// -------------------------------------------------------------------------------------

// A link is not followed, and a named pipe is not waited for. Windows has neither flag.
const forReading = fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW || 0) | (fs.constants.O_NONBLOCK || 0)

const noFile = 'fp-ring: no file'
const failure = (): Error => Object.assign(new Error('what is there is no file'), { code: noFile })

/** The most that one call of `fs.read` takes. */
const longest = 2 ** 31 - 1

/**
 * A file, whole; `undefined` where there is none. Three calls, and nobody waits for the fourth, which closes it: this
 * is what a hit costs, so there is no promise for each.
 *
 * @internal
 */
export const readWhole = (file: string): Promise<Contents | undefined> =>
  new Promise((resolve, reject) => {
    fs.open(file, forReading, (cause, fd) => {
      if (cause !== null) return isAbsent(cause) ? resolve(undefined) : reject(cause)
      const end = (why: Error | undefined, contents?: Contents): void => {
        fs.close(fd, ignore)
        if (why === undefined) resolve(contents)
        else reject(why)
      }
      fs.fstat(fd, (why, stats) => {
        if (why !== null) return end(why)
        if (!stats.isFile()) return end(failure())
        const { mtimeMs, size } = stats
        if (size > longest) return end(new Error('the file is too large'))
        let bytes: Buffer
        try {
          bytes = Buffer.allocUnsafeSlow(size) // of its own: a part of Node's pool would keep all of that
        } catch (noMemory) {
          return end(noMemory as RangeError) // the proof: nothing else is thrown there
        }
        const readFrom = (offset: number): void =>
          fs.read(fd, bytes, offset, size - offset, offset, (failure, count) => {
            if (failure !== null) return end(failure)
            const next = offset + count
            if (count > 0 && next < size) return readFrom(next)
            end(undefined, { bytes: bytes.subarray(0, next), mtimeMs })
          })
        readFrom(0)
      })
    })
  })

/** Opens a file, uses it, and closes it; `undefined` where there is none. */
const withFile = async <A>(file: string, use: (handle: FileHandle) => Promise<A>): Promise<A | undefined> => {
  const handle = await open(file, forReading).catch(unlessAbsent(undefined))
  if (handle === undefined) return undefined
  try {
    if (!(await handle.stat()).isFile()) throw failure()
    return await use(handle)
  } finally {
    await handle.close()
  }
}

/**
 * The first bytes of a file, by which its key is known if that is no longer than they are.
 *
 * @internal
 */
export const readBeginning = (file: string, length: number): Promise<Buffer | undefined> =>
  withFile(file, async (handle) => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0)
    return buffer.subarray(0, bytesRead)
  })

const listOf = (directory: string): Promise<ReadonlyArray<string>> =>
  readdir(directory).catch(unlessAbsent([]))

/**
 * The names of the files in a directory: what is none (a link, a directory, a pipe) is not ours.
 *
 * @internal
 */
export const filesIn = async (directory: string): Promise<ReadonlyArray<string>> => {
  const found = await readdir(directory, { withFileTypes: true }).catch(unlessAbsent([]))
  return found.filter((one) => one.isFile()).map(({ name }) => name)
}

/**
 * The directories of entries that there are.
 *
 * @internal
 */
export const leavesIn = async (root: string): Promise<ReadonlyArray<string>> => {
  const firsts = (await listOf(root)).filter(isFirst).map((name) => path.join(root, name))
  const leaves = firsts.map(async (first) =>
    (await listOf(first)).filter(isSecond).map((name) => path.join(first, name))
  )
  return (await Promise.all(leaves)).flat()
}

/**
 * When a file was modified, and when it was last changed in any way.
 *
 * @internal
 */
export const timesOf = (
  file: string
): Promise<{ readonly mtimeMs: number; readonly ctimeMs: number } | undefined> =>
  stat(file).catch(unlessAbsent(undefined))

// -------------------------------------------------------------------------------------
// writing
// -------------------------------------------------------------------------------------

/** A time of access that is later than that of modification: so reads need not write a newer one (`relatime`). */
const setEnd = (handle: FileHandle, end: number): Promise<void> => handle.utimes(end / 1_000 + 1, end / 1_000)

/** The latest time of modification that every file system keeps: a second is a signed number of 32 bits in the oldest. */
const latest = 2 ** 31 * 1_000 - 1

const keepsEnd = async (handle: FileHandle, end: number): Promise<boolean> =>
  end > latest || Math.round((await handle.stat()).mtimeMs) === end

/** Does it, and once more when a directory is missing, which then is made. */
const inDirectory = async <A>(directory: string, task: () => Promise<A>): Promise<A> => {
  try {
    return await task()
  } catch (cause) {
    if (!isAbsent(cause)) throw cause
    await mkdir(directory, { recursive: true, mode: 0o700 })
    return task()
  }
}

/**
 * Puts a new file in the place of what is there, if anything, with its end as the time of modification.
 *
 * @internal
 */
export const writeWhole = async (root: string, file: string, bytes: Buffer, end: number): Promise<void> => {
  const drafts = draftsOf(root)
  const draft = path.join(drafts, `${String(process.pid)}-${randomBytes(8).toString('hex')}`)
  const handle = await inDirectory(drafts, () => open(draft, 'wx', 0o600))
  try {
    try {
      await handle.writeFile(bytes)
      await setEnd(handle, end)
      if (!(await keepsEnd(handle, end))) throw new Error('the file system keeps no milliseconds')
    } finally {
      await handle.close()
    }
    await inDirectory(path.dirname(file), () => rename(draft, file))
  } catch (cause) {
    await unlink(draft).catch(ignore)
    throw cause
  }
}

/**
 * Gives a new end to the file that is there, if `isRight` says so of what is in it: to that file, not to one that
 * replaces it meanwhile. Says whether it did.
 *
 * @internal
 */
export const touchIf = async (
  file: string,
  end: number,
  isRight: (contents: Contents) => Promise<boolean>
): Promise<boolean> =>
  (await withFile(file, async (handle) => {
    const { mtimeMs } = await handle.stat()
    const isTouched = await isRight({ bytes: await handle.readFile(), mtimeMs })
    if (isTouched) await setEnd(handle, end)
    return isTouched
  })) ?? false

/**
 * Removes a file; one that is not there is no failure.
 *
 * @internal
 */
export const remove = (file: string): Promise<void> => unlink(file).catch(unlessAbsent(undefined))
