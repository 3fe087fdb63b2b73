/** Folders of tests, in memory where the machine offers it: their pace is then not that of a disk. */
import { accessSync, constants, mkdtempSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const memory = '/dev/shm'

/** A container may have no more than a few megabytes of it. */
const enough = 1 << 30

const isRoomy = (directory: string): boolean => {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK)
    const { bavail, bsize } = statfsSync(directory)
    return bavail * bsize >= enough
  } catch {
    return false
  }
}

/**
 * A new folder. Whoever makes it removes it. No test asks what is left when the machine loses its power, and a process that is
 * killed loses no more here than on a disk.
 */
export const freshFolder = (name: string): string =>
  mkdtempSync(join(isRoomy(memory) ? memory : tmpdir(), `fp-ring-${name}-`))
