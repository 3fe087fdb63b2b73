/**
 * Consistent hashing, compatible with libketama, libmemcached (weighted ketama, equal weights) and spymemcached. Each
 * server has 160 points of MD5 on a circle of 32 bits, and a key belongs to the first point at or after its own.
 *
 * @internal
 */
import { createHash } from 'node:crypto'

const pointsPerHash = 4
const hashesPerServer = 40

const md5 = (text: string): Buffer => createHash('md5').update(text).digest()

/** Returns a function from a key to the index of its server. */
export const ketama = (names: ReadonlyArray<string>): ((key: string) => number) => {
  if (names.length === 1) return () => 0
  const circle = names
    .flatMap((name, place) =>
      Array.from({ length: hashesPerServer }, (_, i) => md5(`${name}-${String(i)}`)).flatMap((hash) =>
        Array.from({ length: pointsPerHash }, (_, j) => ({ point: hash.readUInt32LE(4 * j), place }))
      )
    )
    .sort((a, b) => a.point - b.point)
  return (key) => {
    const point = md5(key).readUInt32LE(0)
    let from = 0
    let to = circle.length
    while (from < to) {
      const middle = (from + to) >>> 1
      if ((circle[middle]?.point ?? 0) < point) from = middle + 1
      else to = middle
    }
    return circle[from % circle.length]?.place ?? 0
  }
}
