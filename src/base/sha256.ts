/**
 * SHA-256 (FIPS 180-4), synchronous: the code that makes keys and fingerprints cannot wait, and Web Crypto returns
 * promises. If present, Node's function is used, because a page may be a megabyte; if not, that of a library. The
 * digests are the same.
 *
 * @internal
 */
import { sha256 as portable } from '@noble/hashes/sha2.js'

import { base64url } from './bytes'
import { cryptoOf, type Host, host } from './host'
import { lazily } from './lazy'

const utf8 = /*#__PURE__*/ new TextEncoder()

/** The digest as base64url, 43 characters. The digest of a text is that of its UTF-8. */
export const makeSha256 = (of: Host): ((data: string | Uint8Array) => string) => {
  const known = lazily(() => working(of))
  return (data) => {
    const bytes = typeof data === 'string' ? utf8.encode(data) : data
    return base64url((known() ?? portable)(bytes))
  }
}

/** The digest of `node:crypto`. A bundler may have put a stub in its place, which throws. */
const working = (of: Host): ((bytes: Uint8Array) => Uint8Array) | undefined => {
  const native = cryptoOf(of)
  if (native === undefined) return undefined
  const digest = (bytes: Uint8Array): Uint8Array => native.createHash('sha256').update(bytes).digest()
  try {
    return digest(new Uint8Array(0)).length === 32 ? digest : undefined
  } catch {
    return undefined
  }
}

export const sha256 = /*#__PURE__*/ makeSha256(host)
