/**
 * SHA-256 (FIPS 180-4) for runtimes without `node:crypto`. It is written here because a library for it is larger than
 * all that it is used for: the keys and the fingerprints of a program that runs in a browser or in a worker.
 *
 * @internal
 */
import { lazily } from './lazy'

const rounds = 64

/** The largest whole number whose `power` is at most `n`. */
const rootOf = (n: bigint, power: bigint): bigint => {
  let root = 0n
  for (let bit = 1n << 36n; bit > 0n; bit >>= 1n) if ((root + bit) ** power <= n) root += bit
  return root
}

const isPrime = (n: number): boolean => {
  for (let i = 2; i * i <= n; i++) if (n % i === 0) return false
  return true
}

/** The first 32 bits of the fractions of the square roots of eight primes, and of the cube roots of 64 primes. */
const constants = /*#__PURE__*/ lazily(() => {
  const initial = new Int32Array(8)
  const added = new Int32Array(rounds)
  for (let n = 2, i = 0; i < rounds; n++) {
    if (!isPrime(n)) continue
    // an array of eight takes the first eight
    initial[i] = Number(BigInt.asIntN(32, rootOf(BigInt(n) << 64n, 2n)))
    added[i++] = Number(BigInt.asIntN(32, rootOf(BigInt(n) << 96n, 3n)))
  }
  return { added, initial }
})

/** The data, a one bit, zeros up to a whole number of blocks, and the size of the data in bits. */
const padded = (data: Uint8Array): DataView => {
  const size = data.length
  const bytes = new Uint8Array(Math.ceil((size + 9) / 64) * 64)
  bytes.set(data)
  bytes[size] = 0x80
  const view = new DataView(bytes.buffer)
  view.setUint32(bytes.length - 8, Math.floor(size / 2 ** 29))
  view.setUint32(bytes.length - 4, size << 3)
  return view
}

const turned = (word: number, by: number): number => (word >>> by) | (word << (32 - by))

/** The words of a block, extended to one for each round. */
const schedule = (block: DataView, from: number, words: Int32Array): void => {
  for (let i = 0; i < 16; i++) words[i] = block.getInt32(from + 4 * i)
  for (let i = 16; i < rounds; i++) {
    const early = at(words, i - 15)
    const late = at(words, i - 2)
    words[i] =
      (((turned(early, 7) ^ turned(early, 18) ^ (early >>> 3)) + at(words, i - 16)) | 0) +
      (((turned(late, 17) ^ turned(late, 19) ^ (late >>> 10)) + at(words, i - 7)) | 0)
  }
}

// SAFETY: every index that is used is below the length
const at = (words: Int32Array, i: number): number => words[i] as number

/** Adds one block, extended to `words`, to the state. Its eight words are variables, because an array costs twice as long. */
const compress = (state: Int32Array, words: Int32Array, added: Int32Array): void => {
  let a = at(state, 0)
  let b = at(state, 1)
  let c = at(state, 2)
  let d = at(state, 3)
  let e = at(state, 4)
  let f = at(state, 5)
  let g = at(state, 6)
  let h = at(state, 7)
  for (let i = 0; i < rounds; i++) {
    const mixed = (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g))
    const first = (h + mixed + at(added, i) + at(words, i)) | 0
    const second = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))
    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + second) | 0
  }
  state[0] = at(state, 0) + a
  state[1] = at(state, 1) + b
  state[2] = at(state, 2) + c
  state[3] = at(state, 3) + d
  state[4] = at(state, 4) + e
  state[5] = at(state, 5) + f
  state[6] = at(state, 6) + g
  state[7] = at(state, 7) + h
}

/** The digest of bytes: 32 bytes. */
export const portableSha256 = (data: Uint8Array): Uint8Array => {
  const { added, initial } = constants()
  const state = initial.slice()
  const words = new Int32Array(rounds)
  const view = padded(data)
  for (let from = 0; from < view.byteLength; from += 64) {
    schedule(view, from, words)
    compress(state, words, added)
  }
  const digest = new DataView(new ArrayBuffer(32))
  state.forEach((word, i) => {
    digest.setInt32(4 * i, word)
  })
  return new Uint8Array(digest.buffer)
}
