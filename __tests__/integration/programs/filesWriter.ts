/**
 * Writes entries into a directory, one after the other, until it is killed: `filesWriter <directory> <how>`. Every value
 * says what it is, so that a reader knows one that was never written. `how` is `store`, or `in place`: a broken store,
 * which writes where it is read.
 */
import { closeSync, futimesSync, openSync, writeSync } from 'node:fs'

import * as D from '../../../src/Duration'
import { files } from '../../../src/stores/files'
import { encodeFile, seal } from '../../../src/stores/files/format'
import { fileOf } from '../../../src/stores/files/names'
import { keys, valueOf } from '../values'

const [directory = '', how = ''] = process.argv.slice(2)
const store = files({ directory, timeout: D.seconds(30) })

const writeInPlace = (file: string, bytes: Buffer): void => {
  const fd = openSync(file, 'w')
  const soon = Date.now() / 1_000 + 3_600
  for (let at = 0; at < bytes.length; at += 65_536) {
    writeSync(fd, bytes, at, Math.min(65_536, bytes.length - at))
    futimesSync(fd, soon, soon)
  }
  closeSync(fd)
}

const write = async (key: string, value: Uint8Array): Promise<void> => {
  if (how === 'in place') return writeInPlace(fileOf(directory, key), await seal(encodeFile(key, value)))
  const answer = await store.set(key, value, D.hours(1))()
  if (answer._tag === 'Left') throw answer.left
}

const main = async (): Promise<void> => {
  for (let n = 0; ; n++) {
    const key = keys[(process.pid + n) % keys.length] ?? ''
    const value = valueOf(key, process.pid, n)
    await write(key, value)
    if (n === 0) process.stdout.write('!')
  }
}

void main()
