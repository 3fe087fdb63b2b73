/**
 * How two ways to do the same are compared on a machine that is never quiet.
 *
 * The subjects take turns in short samples, in rotated order, and a ratio is formed between samples of one round: what
 * slows the machine down slows them all. Every subject brings its own loop, so that none is compiled for the sake of
 * another. CPU time is that of this process, the garbage collector's included: it leaves out what other processes take,
 * and what a server does. A `Sampler` may measure another process instead.
 */

/** Does so many operations. */
export type Loop = (n: number) => unknown

/** Nanoseconds for one operation. */
export interface Sample {
  readonly wall: number
  readonly cpu: number
}

export type Measure = keyof Sample

/** Per subject one sample for each round. */
export type Samples<Name extends string> = Readonly<Record<Name, ReadonlyArray<Sample>>>

/** A line of the table: `ours` against `baseline`. */
export interface Row {
  readonly scenario: string
  readonly measure: Measure
  readonly baseline: string
  readonly ours: string
  readonly ratio: number
  /** The quartiles of the rounds. */
  readonly range: readonly [number, number]
  readonly target: number | undefined
}

export type Scenario = () => Promise<ReadonlyArray<Row>>

// -------------------------------------------------------------------------------------
// measuring
// -------------------------------------------------------------------------------------

const take = async (loop: Loop, n: number): Promise<Sample> => {
  const cpuBefore = process.cpuUsage()
  const before = process.hrtime.bigint()
  await loop(n)
  const wall = Number(process.hrtime.bigint() - before)
  const { system, user } = process.cpuUsage(cpuBefore)
  return { wall: wall / n, cpu: ((user + system) * 1_000) / n }
}

/** Does so many operations, and returns what one of them took. */
export type Sampler = (n: number) => Promise<Sample>

/** Finds how many operations fill a sample of the first subject. */
const calibrate = async (samplers: ReadonlyArray<Sampler>, sampleMs: number): Promise<number> => {
  for (let n = 1; ; n *= 2) {
    const samples: Array<Sample> = []
    for (const sampler of samplers) samples.push(await sampler(n))
    if ((samples[0]?.wall ?? 0) * n >= sampleMs * 1e6) return n
  }
}

/** Lets subjects take turns, with so many operations in each sample, after a third as many rounds to warm up. */
export const alternate = async <Name extends string>(
  subjects: Readonly<Record<Name, Sampler>>,
  { n, rounds }: { readonly n: number; readonly rounds: number }
): Promise<Samples<Name>> => {
  const names = Object.keys(subjects) as Array<Name>
  const samples = Object.fromEntries(names.map((name) => [name, [] as Array<Sample>])) as Record<
    Name,
    Array<Sample>
  >
  const warmUp = Math.ceil(rounds / 3)
  for (let round = -warmUp; round < rounds; round++) {
    for (const i of names.keys()) {
      const name = names[(i + round + warmUp) % names.length]!
      const sample = await subjects[name](n)
      if (round >= 0) samples[name].push(sample)
    }
  }
  return samples
}

/** Lets loops of this process take turns. `sampleMs` is how long a sample of the first subject takes, about. */
export const compare = async <Name extends string>(
  subjects: Readonly<Record<Name, Loop>>,
  { rounds = 31, sampleMs = 20 }: { readonly rounds?: number; readonly sampleMs?: number } = {}
): Promise<Samples<Name>> => {
  const loops = Object.entries<Loop>(subjects)
  const samplers = Object.fromEntries(
    loops.map(([name, loop]): [string, Sampler] => [name, (n) => take(loop, n)])
  ) as Record<Name, Sampler>
  const n = await calibrate(Object.values<Sampler>(samplers), sampleMs)
  return alternate(samplers, { n, rounds })
}

// -------------------------------------------------------------------------------------
// reporting
// -------------------------------------------------------------------------------------

const quantile = (values: ReadonlyArray<number>, q: number): number =>
  [...values].sort((a, b) => a - b)[Math.round((values.length - 1) * q)] ?? NaN

const timeOf = (ns: number): string =>
  ns < 1_000
    ? `${ns.toFixed(0)} ns`
    : ns < 1e6
    ? `${(ns / 1_000).toPrecision(3)} µs`
    : `${(ns / 1e6).toPrecision(3)} ms`

interface Asked<Name extends string> {
  readonly scenario: string
  readonly baseline: Name
  readonly ours: Name
  /** Per measure the ratio that is aimed for, or `undefined` where it is only told. */
  readonly targets: { readonly [M in Measure]?: number | undefined }
  /** How many parts an operation has, where the time of one part is to be told. */
  readonly parts?: number
}

/** The lines for one pair of subjects: one for each measure that `targets` names. */
export const rowsOf = <Name extends string>(
  samples: Samples<Name>,
  { baseline, ours, parts = 1, scenario, targets }: Asked<Name>
): ReadonlyArray<Row> =>
  (['cpu', 'wall'] as const)
    .filter((measure) => measure in targets)
    .map((measure) => {
      const timesOf = (name: Name): ReadonlyArray<number> => samples[name].map((sample) => sample[measure])
      const bases = timesOf(baseline)
      const ratios = timesOf(ours).map((time, i) => time / bases[i]!)
      const told = (name: Name): string => `${name} ${timeOf(quantile(timesOf(name), 0.5) / parts)}`
      return {
        scenario,
        measure,
        baseline: told(baseline),
        ours: told(ours),
        ratio: quantile(ratios, 0.5),
        range: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
        target: targets[measure]
      }
    })

const header = ['scenario', '', 'baseline', 'ours', 'ratio [quartiles]', 'target', 'ok?']

const cellsOf = ({ baseline, measure, ours, range, ratio, scenario, target }: Row): ReadonlyArray<string> => [
  scenario,
  measure === 'cpu' ? 'CPU' : 'time',
  baseline,
  ours,
  `${ratio.toFixed(2)} [${range.map((r) => r.toFixed(2)).join('-')}]`,
  target === undefined ? '' : `<= ${target.toFixed(2)}`,
  target === undefined ? '' : ratio <= target ? 'yes' : 'NO'
]

export const printed = (rows: ReadonlyArray<Row>): string => {
  const cells = [header, ...rows.map(cellsOf)]
  const widths = header.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)))
  const lines = cells.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd()
  )
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '))
  return lines.join('\n')
}
