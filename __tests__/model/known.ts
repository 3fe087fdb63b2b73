/** Interleavings that have found a fault of the engine, which has been mended: the name of a program, and the choices. */
export const known: ReadonlyArray<readonly [program: string, choices: ReadonlyArray<number>]> = [
  // who called after a deletion by another process joined a load, and got its stale entry
  ['far: fleet, expired: two callers, a deletion by the other, all loads fail', [1, 1, 2, 2, 1, 2, 2, 0]],
  // the same after a purge
  [
    'far: tags, fleet, expired: two callers, a purge by the other, all loads fail',
    [1, 1, 2, 1, 1, 2, 2, 2, 0, 0, 1, 0, 0, 1, 0, 1, 1]
  ],
  // who looked again after a load that had failed got the failure of another one, and no stale entry
  [
    'far: fleet, expired, loads are tried again at once: two callers, all loads fail',
    [1, 1, 1, 1, 1, 1, 0, 0]
  ],
  [
    'far: tags, expired, loads are tried again at once: three callers, all loads fail',
    [1, 1, 3, 0, 1, 1, 1, 1, 1, 1, 2, 2, 1, 1, 0]
  ]
]
