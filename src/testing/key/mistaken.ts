/**
 * Keys that caches have confused with other keys.
 *
 * @internal
 */

export const hostileKeys: ReadonlyArray<string> = [
  '',
  ' ',
  'a b',
  'a:b',
  '*',
  '?',
  '%',
  '_',
  '[ab]',
  '[^a]',
  '\\',
  '\\*',
  'a*b',
  "'",
  '"',
  '{x}',
  '{x}y',
  '{}',
  '}{',
  'a\r\nset pwned 1',
  '\n',
  '\0',
  '\u00e9',
  'e\u0301', // the same letter, decomposed
  'E\u0301',
  '日本',
  '👩‍🚀',
  '\ufffd',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  '..',
  '.',
  'k'.repeat(300),
  `${'k'.repeat(300)}2`,
  'users',
  'Users',
  'usersX',
  'users:',
  'users:1'
]

/** For the keys of leases, which may be stored beside those of entries. */
export const bracedKeys: ReadonlyArray<string> = [
  'k',
  '{k}',
  '{{k}}',
  '{k}}',
  'k}',
  '{k',
  'a}b',
  '{}k',
  '{}',
  '}',
  '{',
  '~lease:k'
]

/** For random programs. */
export const someKeys: ReadonlyArray<string> = [
  '',
  'users',
  'usersX',
  'users:1',
  'users*',
  'u?ers',
  'u_ers',
  'a[b]',
  'a',
  '{x}y',
  'x\\',
  'é',
  'a\r\nb'
]

export const somePrefixes: ReadonlyArray<string> = [
  '',
  'users',
  'users:',
  'users*',
  'u?',
  'u_',
  'a[',
  'x\\',
  '{x}',
  'nobody'
]
