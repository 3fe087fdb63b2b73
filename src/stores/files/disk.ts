/**
 * The file operations of the store. A file under its final name is always whole, even if a process is killed at any
 * moment: it is written under another name, and then renamed in one step.
 *
 * @internal
 */
import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises'
import * as path from 'node:path'

import { ignore } from '../../base/ignore'
import { draftsOf, isFirst, isSecond } from './names'

export interface Contents {
  readonly bytes: Buffer
  readonly mtimeMs: number
}

/** Whether an error means that there is no such file. */
const isAbsent = (cause: unknown): boolean =>
  // SAFETY: `code` is read as `unknown`
  (cause as { readonly code?: unknown } | null)?.code === 'ENOENT'

export const unlessAbsent =
  <A>(instead: A) =>
  (cause: unknown): A => {
    if (isAbsent(cause)) return instead
    throw cause
  }

/**
 * Whether an error means that the name belongs to something other than a regular file: a link, a pipe, a directory.
 */
export const isNoFile = (cause: unknown): boolean => {
  // SAFETY: as above
  const code = (cause as { readonly code?: unknown } | null)?.code
  return code === noFile || code === 'ELOOP' || code === 'EMLINK' || code === 'ENXIO'
}

// -------------------------------------------------------------------------------------
// reading
// -------------------------------------------------------------------------------------

// Does not follow a link, and does not wait for a named pipe. Windows has neither flag.
const forReading = /*#__PURE__*/ (() =>
  fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW || 0) | (fs.constants.O_NONBLOCK || 0))()

const noFile = 'fp-ring: no file'
const failure = (): Error => Object.assign(new Error('what is there is no file'), { code: noFile })

/** The most bytes that one call of `fs.read` accepts. */
const longest = 2 ** 31 - 1

/**
 * A whole file; `undefined` if there is none. Hot path: a hit makes these three calls (it does not wait for the fourth,
 * which closes the file), so they use callbacks instead of a promise each.
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
          bytes = Buffer.allocUnsafeSlow(size) // not from Node's pool: a part of it would keep all of it in memory
        } catch (noMemory) {
          return end(noMemory as RangeError) // SAFETY: the allocation throws nothing else
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

/** Opens a file, uses it, and closes it; returns `undefined` if there is none. */
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

/** The first bytes of a file. They contain its key, unless the key is too long. */
export const readBeginning = (file: string, length: number): Promise<Buffer | undefined> =>
  withFile(file, async (handle) => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0)
    return buffer.subarray(0, bytesRead)
  })

const listOf = (directory: string): Promise<ReadonlyArray<string>> =>
  readdir(directory).catch(unlessAbsent([]))

/** The names of the regular files in a directory. The store never makes anything else (a link, a pipe) there. */
export const filesIn = async (directory: string): Promise<ReadonlyArray<string>> => {
  const found = await readdir(directory, { withFileTypes: true }).catch(unlessAbsent([]))
  return found.filter((one) => one.isFile()).map(({ name }) => name)
}

/** The directories of entries that exist. */
export const leavesIn = async (root: string): Promise<ReadonlyArray<string>> => {
  const firsts = (await listOf(root)).filter(isFirst).map((name) => path.join(root, name))
  const leaves = firsts.map(async (first) =>
    (await listOf(first)).filter(isSecond).map((name) => path.join(first, name))
  )
  return (await Promise.all(leaves)).flat()
}

/** When a file was modified, and when it was last changed in any way. */
export const timesOf = (
  file: string
): Promise<{ readonly mtimeMs: number; readonly ctimeMs: number } | undefined> =>
  stat(file).catch(unlessAbsent(undefined))

// -------------------------------------------------------------------------------------
// writing
// -------------------------------------------------------------------------------------

/** Sets an access time later than the modification time, so that reads do not update it (`relatime`). */
const setEnd = (handle: FileHandle, end: number): Promise<void> => handle.utimes(end / 1_000 + 1, end / 1_000)

/** The latest modification time that every file system keeps: in the oldest, seconds are a signed number of 32 bits. */
const latest = 2 ** 31 * 1_000 - 1

const keepsEnd = async (handle: FileHandle, end: number): Promise<boolean> =>
  end > latest || Math.round((await handle.stat()).mtimeMs) === end

/** Runs a task. If it fails because the directory is missing, makes the directory and runs the task again. */
const inDirectory = async <A>(directory: string, task: () => Promise<A>): Promise<A> => {
  try {
    return await task()
  } catch (cause) {
    if (!isAbsent(cause)) throw cause
    await mkdir(directory, { recursive: true, mode: 0o700 })
    return task()
  }
}

/** Writes a new file in the place of the old one, if any, with `end` as its modification time. */
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
 * Sets a new end for a file if `isRight` returns true for its contents. It changes the file that was read, not one that
 * replaces it in the meantime. Returns whether it did.
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

/** Removes a file. A missing file is not a failure. */
export const remove = (file: string): Promise<void> => unlink(file).catch(unlessAbsent(undefined))
