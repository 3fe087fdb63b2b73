/** The share of random cases that are tried: a tenth, or what `RUNS` says. */
export const share = Number(process.env['RUNS'] ?? 1 / 10)

/** How many random cases a law is tried with: a tenth of `n` and 3 at least, or `RUNS` times as many (`RUNS=1 npx jest …`). */
export const runs = (n: number): number => Math.max(Math.ceil(n * share), Math.min(n, 3))
