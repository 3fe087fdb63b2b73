/**
 * A hash of a text in 64 bits, for texts that the program itself writes, such as the description of a type. It is small and
 * synchronous, and the same in every runtime. It is not cryptographic: whoever chooses the texts can find two with one hash.
 * Keys and pages, whose texts come from requests, use SHA-256.
 *
 * The function is cyrb64 by bryc (public domain): two multiplicative hashes of the code units, mixed with the finalizer of
 * MurmurHash3. So lone surrogates stay different.
 *
 * @internal
 */

const word = (n: number): string => (n >>> 0).toString(36).padStart(7, '0')

/** The hash as 14 digits of base 36, seven for each half. */
export const textHash = (text: string): string => {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x9e3779b1)
    b = Math.imul(b ^ unit, 0x5f356495)
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b) ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35)
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b) ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35)
  return word(b) + word(a)
}
