/** One run: nodes with rings over one store, a workload, faults, and at the end a time in which nothing goes wrong. */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'
import * as t from 'io-ts'

import type { Clock, Store } from '../../src'
import { Codec, Duration, Policy, ring, RingEvent } from '../../src'
import { ticking, type Watch, watching } from './flights'
import type { Call, Copy, Failure, History, Load, Moment, Mutation, Node, Value, Violation } from './model'
import { checks, grace } from './model'
import { type Change, makePlan, type Plan } from './plan'
import type { Backend, Client, Fate, Link } from './store'
import { connect, makeBackend } from './store'
import { makeRandom, makeWorld, type World } from './world'

const ms = Duration.milliseconds

const Value = t.type({ key: t.number, version: t.number, from: t.number })
const Gone = t.type({ kind: t.literal('gone'), key: t.number, from: t.number })

/** A policy for the rings of this simulation, in whatever store they lie. */
type PartFor<C> = Policy.Policy<C, unknown, Value, readonly [number], Failure>
export type Part = PartFor<never>

/** What is wrong with a run, on purpose. */
export interface Broken {
  /** A plan in which the law is promised. */
  readonly plan?: (plan: Plan) => Plan
  /** The policy of the rings, where it is not that of the plan. */
  readonly policy?: (plan: Plan) => Plan
  readonly backend?: (backend: Backend, clock: () => number) => Backend
  readonly link?: (link: Link) => Link
  readonly clock?: (clock: Clock.Clock) => Clock.Clock
  readonly random?: () => number
  /** Adds to the policy what the plan does not know of. */
  readonly more?: ReadonlyArray<Part>
  /** Rings that do not know of the tags. */
  readonly untagged?: true
  /** A ring for every call. */
  readonly forgetful?: true
}

export interface Report {
  readonly seed: number
  readonly plan: Plan
  readonly violations: ReadonlyArray<Violation>
  readonly trace: ReadonlyArray<string>
  readonly calls: number
}

// -------------------------------------------------------------------------------------
// nodes
// -------------------------------------------------------------------------------------

/** The clock of a node: an origin of its own, and jumps. Timers go by it. */
interface NodeClock extends Clock.Clock {
  readonly jump: (ms: number) => void
  readonly stop: () => void
  readonly timers: () => number
}

const makeClock = (world: World, origin: number): NodeClock => {
  interface Timer {
    readonly due: number
    readonly run: () => void
    cancel: () => void
  }
  let shift = origin
  const timers = new Set<Timer>()
  const now = (): number => world.now() + shift
  const arm = (timer: Timer): void => {
    timer.cancel = world.after(timer.due - now(), () => {
      timers.delete(timer)
      timer.run()
    })
  }
  return {
    now,
    after: (d, run) => () => {
      if (d === Infinity) return () => undefined
      const timer: Timer = { due: now() + d, run, cancel: () => undefined }
      timers.add(timer)
      arm(timer)
      return () => {
        timer.cancel()
        timers.delete(timer)
      }
    },
    jump: (by) => {
      shift += by
      for (const timer of timers) {
        timer.cancel()
        arm(timer)
      }
    },
    stop: () => {
      for (const timer of timers) timer.cancel()
      timers.clear()
    },
    timers: () => timers.size
  }
}

/** The part of a ring that the workload uses. */
interface Commands {
  readonly call: (key: number) => Promise<E.Either<unknown, Value>>
  readonly many: (
    keys: ReadonlyArray<number>
  ) => Promise<E.Either<unknown, ReadonlyArray<E.Either<unknown, Value>>>>
  readonly get: (key: number) => Promise<E.Either<unknown, O.Option<Value>>>
  readonly delete: (keys: ReadonlyArray<number>) => Promise<E.Either<unknown, unknown>>
  readonly set: (entries: ReadonlyArray<readonly [number, Value]>) => Promise<E.Either<unknown, unknown>>
  readonly update: (key: number) => Promise<E.Either<unknown, Value>>
  readonly touch: (key: number) => Promise<E.Either<unknown, unknown>>
  readonly purge: (tag: string) => Promise<E.Either<unknown, unknown>>
  readonly clear: () => Promise<E.Either<unknown, unknown>>
}

/** How much a node waits for: requests and loads. */
interface Pending {
  pending: number
}

interface Process extends Node, Pending {
  readonly clock: NodeClock
  readonly commands: Commands
  readonly watch: Watch
  /** Calls that are under way. */
  readonly open: Set<Call>
  /** When the oldest of them began that are for some key. */
  readonly since: (name: string) => number
  readonly stats: () => RingEvent.Stats
  reads: number
}

const tagsOf = (key: number): ReadonlyArray<string> => [`t${key % 2}`, 'all']

const cacheable = ({ version }: Value): boolean => version % 5 !== 4

const partsOf = ({ codec, policy }: Plan): ReadonlyArray<Part> => {
  const some = <A>(a: A | undefined, f: (a: A) => Part): ReadonlyArray<Part> =>
    a === undefined ? [] : [f(a)]
  const positive = (n: number): number | undefined => (n > 0 ? n : undefined)
  return [
    policy.ttlBy
      ? Policy.ttlBy(({ version }: Value) => ms(version % 2 === 0 ? policy.ttl : policy.ttl / 2))
      : Policy.ttl(ms(policy.ttl)),
    Policy.loadTimeout(ms(policy.loadTimeout)),
    ...some(positive(policy.jitter), Policy.jitter),
    ...some(positive(policy.staleWhileRevalidate), (d) => Policy.staleWhileRevalidate(ms(d))),
    ...some(positive(policy.staleIfError), (d) =>
      Policy.staleIfError(ms(d), ({ kind }: Failure) => kind === 'down')
    ),
    ...some(policy.retryThrottle, (d) => Policy.retryThrottle(ms(d))),
    ...some(policy.refreshAhead, Policy.refreshAhead),
    ...some(policy.earlyRefresh, Policy.earlyRefresh),
    ...some(policy.lease, ({ ttl, wait }) => Policy.lease({ ttl: ms(ttl), wait: ms(wait) })),
    ...some(policy.softTimeout, (d) => Policy.softTimeout(ms(d))),
    ...some(policy.timeout, (d) => Policy.timeout(ms(d))),
    ...some(policy.negative, (d) => {
      const when = (e: Failure): e is t.TypeOf<typeof Gone> => e.kind === 'gone'
      return codec
        ? Policy.negative({ codec: Codec.json(Gone), ttl: ms(d), when })
        : Policy.negative({ codec: Codec.identity<Failure>(), ttl: ms(d), when })
    }),
    ...some(policy.cacheWhen ? cacheable : undefined, Policy.cacheWhen)
  ]
}

type Loader = (key: number) => TaskEither<Failure, Value>

/** The two forms of a ring: over bytes, and over references. */
const makeCommands = (
  load: Loader,
  plan: Plan,
  parts: ReadonlyArray<Part>,
  store: Client<never>,
  more: {
    readonly observe: RingEvent.Observer
    readonly clock: Clock.Clock
    readonly random: () => number
    readonly tags?: (key: number) => ReadonlyArray<string>
    readonly batchEach?: (
      argsList: ReadonlyArray<readonly [number]>
    ) => () => Promise<ReadonlyArray<E.Either<Failure, Value>>>
  }
): { readonly commands: Commands; readonly key: (key: number) => string } => {
  const policy = Policy.policy(...parts) as Policy.Policy<
    Store.LeaseCapable,
    unknown,
    Value,
    readonly [number],
    Failure
  >
  const options = { name: 'row', policy, ...more }
  // SAFETY: a store in which this plan lays bytes, or anything
  const it = plan.codec
    ? ring(load, { ...options, store: store as unknown as Client<Uint8Array>, codec: Codec.json(Value) })
    : ring(load, { ...options, store: store as unknown as Client<unknown> })
  return {
    key: it.key,
    commands: {
      call: (key) => it(key)(),
      many: (keys) => it.getOrUpdateMany(keys.map((key) => [key]))(),
      get: (key) => it.get(key)(),
      delete: (keys) =>
        keys.length === 1 ? it.delete(keys[0]!)() : it.deleteMany(keys.map((key) => [key]))(),
      set: (entries) =>
        entries.length === 1
          ? it.set(entries[0]![1])(entries[0]![0])()
          : it.setMany(entries.map(([key, value]) => [[key], value] as const))(),
      update: (key) => it.update(key)(),
      touch: (key) => it.touch(key)(),
      purge: (tag) => it.purge(tag)(),
      clear: () => it.clear()()
    }
  }
}

/** What lies in the store: a value or an error, as it is or in the envelope of docs/wire-format.md. */
const copyOfBytes = (bytes: Uint8Array): Copy | undefined => {
  const sealed = bytes[0] === 0xff
  if (sealed && bytes[5] === 2) return undefined // a generation of a tag
  const payload = sealed ? bytes.subarray(7 + 16 * bytes[6]!) : bytes
  const { from } = JSON.parse(Buffer.from(payload).toString()) as Value
  return { from, error: sealed && bytes[5] === 1 }
}

const copyOfReference = (raw: object): Copy | undefined => {
  const it = raw as Value | { readonly kind: 'value' | 'error' | 'generation'; readonly payload: Value }
  return 'payload' in it
    ? it.kind === 'generation'
      ? undefined
      : { from: it.payload.from, error: it.kind === 'error' }
    : { from: it.from, error: false }
}

// -------------------------------------------------------------------------------------
// a run
// -------------------------------------------------------------------------------------

export const simulate = async (
  seed: number,
  { broken = {}, traced = false }: { readonly broken?: Broken; readonly traced?: boolean } = {}
): Promise<Report> => {
  const random = makeRandom(seed)
  const drawn = makePlan(random.fork())
  const plan = broken.plan?.(drawn) ?? drawn
  const wired = broken.policy?.(plan) ?? plan
  const parts = [...partsOf(wired), ...(broken.more ?? [])]
  const world = makeWorld(traced)
  ticking(world.tick)
  const [netRandom, loadRandom, workRandom] = [random.fork(), random.fork(), random.fork()]
  const database = Array.from({ length: plan.keys }, () => 1)
  const late: Array<Violation> = []
  let healed = false
  let settled = false
  let ids = 0

  const copies = new WeakMap<object, Copy>()
  const history: History = {
    plan,
    nodes: [],
    loads: new Map(),
    mutations: [],
    calls: [],
    outages: [],
    jumps: [],
    messages: new Map(),
    writes: new Map(),
    keyOf: (key) => `row:${key}`,
    copyOf: (raw) => {
      if (typeof raw !== 'object' || raw === null) return undefined
      const known = copies.get(raw)
      if (known !== undefined) return known
      const copy = raw instanceof Uint8Array ? copyOfBytes(raw) : copyOfReference(raw)
      if (copy !== undefined) copies.set(raw, copy)
      return copy
    }
  }

  // -- the network --------------------------------------------------------------------

  const shared = makeBackend(world)
  const down = new Map<number, number>()

  const makeLink = (node: Node & Pending): Link => {
    const { network } = plan
    let last = 0
    const isDown = (at: number): boolean => (down.get(node.machine) ?? -1) > at
    const delay = (): number =>
      healed
        ? netRandom.between(0, 1)
        : netRandom.chance(network.slow)
        ? netRandom.between(network.delay.most, 3 * network.deadline)
        : netRandom.between(network.delay.least, network.delay.most)
    const fate = (): Fate => {
      const now = world.now()
      const lost = !healed && netRandom.chance(network.lost)
      const fails = !healed && netRandom.chance(network.fails)
      const onTheWay = netRandom.chance(0.5)
      const arrives = network.ordered && !settled ? Math.max(last, now + delay()) : now + delay()
      last = arrives
      const there = (lost && onTheWay) || isDown(now) ? Infinity : arrives - now
      const back = (lost && !onTheWay) || isDown(arrives) ? Infinity : delay()
      return { there, back, fails: fails ? (onTheWay ? 'undone' : 'done') : 'no' }
    }
    return {
      deadline: ms(network.deadline),
      near: plan.near,
      alive: () => node.alive,
      fate,
      sent: (message) => {
        for (const key of message.keys) {
          const place = `${node.id}:${key}`
          const there = history.messages.get(place)
          if (there === undefined) history.messages.set(place, [message])
          else there.push(message)
        }
        for (const raw of message.carries) {
          const copy = history.copyOf(raw)
          if (copy === undefined) continue
          history.writes.set(copy.from, [...(history.writes.get(copy.from) ?? []), message])
        }
        node.pending++
        sink?.push(message)
      },
      answered: () => {
        node.pending--
      }
    }
  }
  let sink: Array<Parameters<Link['sent']>[0]> | undefined

  // -- the function -------------------------------------------------------------------

  const momentOf = ({ clock }: Pick<Process, 'clock'>): Moment => ({
    tick: world.tick(),
    time: world.now(),
    clock: clock.now()
  })

  const loadBy =
    (node: () => Process, batched = false): Loader =>
    (key) =>
    () =>
      new Promise((resolve, reject) => {
        const process = node()
        const held = process.watch.held(history.keyOf(key))
        const began = momentOf(process)
        const load: Load = {
          id: ++ids,
          node: process.id,
          key,
          began,
          held: {
            tick: Math.min(process.since(history.keyOf(key)), ...held.map(({ tick }) => tick)),
            clock: Math.min(began.clock, ...held.map(({ flight }) => flight.since))
          },
          version: undefined,
          ended: undefined,
          result: undefined
        }
        history.loads.set(load.id, load)
        process.pending++
        const { fails, stuck, throws, time } = plan.load
        const one = (): number => (healed ? 0 : Math.round(loadRandom.between(time.least, time.most) / 2))
        const fate = loadRandom.next()
        const before = one()
        const after = one() + (!healed && loadRandom.chance(stuck) ? 2 * plan.policy.loadTimeout : 0)
        const kind = loadRandom.chance(0.5) ? 'down' : 'gone'
        world.log(() => `node ${process.id} loads ${key}: ${load.id}`)
        world.after(
          before,
          () => {
            load.version = database[key]!
          },
          true
        )
        world.after(before + after, () => {
          process.pending--
          if (!process.alive || load.ended !== undefined) return
          if (!batched) load.ended = momentOf(process)
          load.result = healed || fate >= fails + throws ? 'value' : fate < fails ? kind : 'throws'
          world.log(() => `node ${process.id} has ${load.id}: ${load.result ?? ''} ${load.version ?? ''}`)
          if (load.result === 'value') resolve(E.right({ key, version: load.version!, from: load.id }))
          else if (load.result === 'throws') reject({ from: load.id })
          else resolve(E.left({ kind: load.result, key, from: load.id }))
        })
      })

  /** A batch ends for all its keys at once, and at the first that throws. */
  const batchBy = async (
    process: Process,
    list: ReadonlyArray<readonly [number]>
  ): Promise<ReadonlyArray<E.Either<Failure, Value>>> => {
    const first = ids + 1
    const running = list.map(([key]) => loadBy(() => process, true)(key)())
    const batch = list.map((_, i) => history.loads.get(first + i)!)
    try {
      return await Promise.all(running)
    } catch (cause) {
      for (const load of batch) load.result = 'throws'
      throw cause
    } finally {
      const ended = momentOf(process)
      for (const load of batch) load.ended = ended
    }
  }

  // -- nodes --------------------------------------------------------------------------

  const start = (machine: number): Process => {
    const own = random.fork()
    const id = history.nodes.length
    const node: Node & Pending = { id, machine, alive: true, pending: 0 }
    const clock = makeClock(world, own.between(-1_000_000, 1_000_000))
    const backend = broken.backend?.(shared, clock.now) ?? shared
    const link = makeLink(node)
    const store = connect<never>(world, backend, broken.link?.(link) ?? link)
    const counter = RingEvent.counter()
    const loader = loadBy(() => process)
    const make = () =>
      makeCommands(loader, plan, parts, store, {
        observe: (event) => () => {
          world.log(() => `  node ${id} ${event._tag} ${event.key}`)
          counter.observe(event)()
        },
        clock: broken.clock?.(clock) ?? clock,
        random: broken.random ?? own.next,
        ...(plan.tags && broken.untagged !== true ? { tags: tagsOf } : {}),
        ...(plan.batch ? { batchEach: (list) => () => batchBy(process, list) } : {})
      })
    // a bulk has read before it holds its keys: what it has read is as old as it is
    const open = new Set<Call>()
    const since = (name: string): number => {
      const begun = [...open].filter(({ key }) => history.keyOf(key) === name)
      return Math.min(world.tick(), ...begun.map(({ began }) => began.tick))
    }
    const [{ commands }, watch] = watching(since, make)
    const process: Process = Object.assign(node, {
      clock,
      commands:
        broken.forgetful === true
          ? { ...commands, call: (key: number) => make().commands.call(key) }
          : commands,
      watch,
      open,
      since,
      stats: counter.stats,
      reads: 0
    })
    history.nodes.push(process)
    world.log(() => `machine ${machine} starts node ${id}`)
    return process
  }

  const machines = Array.from({ length: plan.nodes }, (_, i) => start(i))
  const anybody = (): Process => workRandom.pick(machines)
  const anyKey = (): number => workRandom.between(0, plan.keys - 1)

  // -- commands -----------------------------------------------------------------------

  const beginCall = (process: Process, kind: Call['kind'], key: number, reads: Call['reads']): Call => {
    const held = kind === 'get' ? [] : process.watch.held(history.keyOf(key))
    const began = momentOf(process)
    const call: Call = {
      kind,
      node: process.id,
      key,
      began,
      since: Math.min(began.tick, ...held.map(({ tick }) => tick)),
      reads,
      ended: undefined,
      answer: undefined,
      threw: undefined
    }
    process.reads++
    process.open.add(call)
    history.calls.push(call)
    return call
  }
  const settle = (
    process: Process,
    calls: ReadonlyArray<Call>,
    how: (call: Call, i: number) => Partial<Call>
  ): void => {
    calls.forEach((call, i) => {
      Object.assign(call, how(call, i), { ended: momentOf(process) })
      process.open.delete(call)
      world.log(
        () =>
          `node ${process.id} ${call.kind}(${call.key}) of t=${call.began.time.toFixed(0)} is ${shown(call)}`
      )
    })
  }
  /** What is sent while a command begins is its own. */
  const sinking = <A>(reads: Array<Call['reads'][number]>, run: () => A): A => {
    sink = reads
    try {
      return run()
    } finally {
      sink = undefined
    }
  }

  const read = (process: Process, key: number): Promise<void> => {
    const reads: Array<Call['reads'][number]> = []
    world.log(() => `node ${process.id} one(${key})`)
    const call = beginCall(process, 'one', key, reads)
    return sinking(reads, () => process.commands.call(key)).then(
      (answer) => settle(process, [call], () => ({ answer })),
      (cause: unknown) => settle(process, [call], () => ({ threw: { cause } }))
    )
  }
  const readMany = (process: Process, keys: ReadonlyArray<number>): Promise<void> => {
    world.log(() => `node ${process.id} many(${keys.join()})`)
    const calls = keys.map((key) => beginCall(process, 'many', key, []))
    return process.commands.many(keys).then(
      (answers) =>
        settle(process, calls, (_, i) => ({ answer: E.isLeft(answers) ? answers : answers.right[i]! })),
      (cause: unknown) => settle(process, calls, () => ({ threw: { cause } }))
    )
  }
  const get = (process: Process, key: number): Promise<void> => {
    const call = beginCall(process, 'get', key, [])
    return process.commands
      .get(key)
      .then((got) =>
        settle(process, [call], () => ({ answer: E.isLeft(got) ? got : E.right(O.toUndefined(got.right)) }))
      )
  }

  const mutate = async (
    process: Process,
    kind: Mutation['kind'],
    keys: ReadonlyArray<number>
  ): Promise<Mutation> => {
    const [key = 0] = keys
    const tag = tagsOf(key)[workRandom.between(0, 1)]!
    const mutation: Mutation = {
      id: ++ids,
      kind,
      node: process.id,
      keys:
        kind === 'clear' || (kind === 'purge' && tag === 'all')
          ? database.map((_, i) => i)
          : kind === 'purge'
          ? database.flatMap((_, i) => (tagsOf(i).includes(tag) ? [i] : []))
          : keys,
      began: momentOf(process),
      version: kind === 'set' ? database[key]! : undefined,
      ended: undefined,
      answer: undefined
    }
    history.mutations.push(mutation)
    world.log(() => `node ${process.id} ${kind} ${mutation.id} of ${mutation.keys.join()}`)
    const { commands } = process
    try {
      mutation.answer =
        kind === 'delete'
          ? await commands.delete(keys)
          : kind === 'set'
          ? await commands.set([[key, { key, version: database[key]!, from: mutation.id }]])
          : kind === 'update'
          ? await commands.update(key)
          : kind === 'purge'
          ? await commands.purge(tag)
          : await commands.clear()
    } catch (cause) {
      mutation.answer = E.left(cause) // the function threw
    }
    mutation.ended = momentOf(process)
    world.log(() => `node ${process.id} ${kind} ${mutation.id} is ${mutation.answer?._tag ?? ''}`)
    return mutation
  }

  const changes = Object.entries(plan.changes).flatMap(([kind, weight]) =>
    Array.from({ length: weight }, () => kind as Change)
  )
  /** Changes the source, then what is cached, and then looks, here or there. */
  const change = async (process: Process): Promise<void> => {
    if (changes.length === 0) return
    const kind = workRandom.pick(changes)
    const keys = kind === 'delete' && workRandom.chance(0.2) ? database.map((_, i) => i) : [anyKey()]
    const [after, there] = [workRandom.chance(0.7), anybody()]
    for (const key of keys) database[key]!++
    const { ended } = await mutate(process, kind, keys)
    if (ended !== undefined && after && there.alive) await read(there, keys[0]!)
  }

  const crash = (): void => {
    const old = anybody()
    old.alive = false
    old.clock.stop()
    world.log(() => `node ${old.id} crashes`)
    machines[old.machine] = start(old.machine)
  }
  const outage = (): void => {
    const to = world.now() + workRandom.between(20, 1_500)
    const all = workRandom.chance(0.5)
    for (const { machine } of all ? machines : [anybody()]) {
      down.set(machine, Math.max(to, down.get(machine) ?? 0))
      history.outages.push({ machine, from: world.now(), to })
      world.log(() => `machine ${machine} is cut off until ${to.toFixed(0)}`)
    }
  }

  const act = (): void => {
    const process = anybody()
    const dice = workRandom.between(0, 99)
    const faults = !plan.calm && !plan.near
    if (dice < 56) void read(process, anyKey())
    else if (dice < 62) void get(process, anyKey())
    else if (dice < 69) void readMany(process, [...new Set([anyKey(), anyKey()])])
    else if (dice < 86) void change(process)
    else if (dice < 89) void process.commands.touch(anyKey())
    else if (dice < 91) database[anyKey()]!++
    else if (dice < 94) {
      if (faults) outage()
    } else if (dice < 97) {
      if (faults) crash()
    } else if (!plan.calm) {
      const by = workRandom.pick([10, 1_000, 100_000])
      world.log(() => `the clock of node ${process.id} jumps by ${by}`)
      process.clock.jump(by)
      history.jumps.push({ node: process.id, tick: world.tick(), time: world.now() })
    }
  }

  const { policy } = plan
  const gap = (): number => {
    const dice = workRandom.next()
    return dice < 0.45
      ? workRandom.between(0, 3)
      : dice < 0.8
      ? workRandom.between(0, 60)
      : workRandom.between(0, Math.min(2_500, policy.ttl + grace(plan)))
  }
  let at = 0
  for (let i = 0; i < plan.steps; i++) {
    at += Math.round(gap() * plan.pace)
    world.after(at, act)
  }

  // -- the end ------------------------------------------------------------------------

  const fail = (law: number, what: string): void => {
    late.push({ law, time: world.now(), what })
  }
  /** Runs to the end. No timer outlives what it is for, and nothing is held when nothing is waited for. */
  const nothingLeft = async (): Promise<void> => {
    const last = world.now() + 100_000 + 4 * at
    // who waits for somebody else's lease is neither asked for nor asks
    const pause = (policy.lease?.wait ?? 0) + 10 * plan.network.deadline
    const busy = new Map(machines.map(({ id }) => [id, world.now()]))
    for (let left = 1; left > 0; ) {
      left = await world.run(world.now() + 50)
      for (const { clock, id, open, pending, watch } of machines) {
        const [timers, keys] = [clock.timers(), watch.size()]
        if (left > 0 && (timers === 0 || open.size + pending + keys > 0)) busy.set(id, world.now())
        if (timers + keys > 0 && (left === 0 || world.now() - busy.get(id)! > pause))
          return fail(36, `node ${id} has ${timers} timers and ${keys} keys left`)
      }
      if (world.now() > last) return fail(36, 'the run does not end')
    }
  }

  await world.run(at)
  healed = true
  down.clear()
  for (const one of history.outages) one.to = Math.min(one.to, world.now())
  await nothingLeft()
  settled = true

  const stores = (key: number): boolean => !policy.cacheWhen || database[key]! % 5 !== 4
  /** Everybody reads, and agrees. What is loaded is stored: whatever leases there were have ended. */
  const agree = async (key: number, anew: boolean): Promise<void> => {
    for (const process of [...machines, ...machines]) {
      await read(process, key)
      const { answer } = history.calls[history.calls.length - 1]!
      if (answer?._tag !== 'Right' || answer.right?.version !== database[key])
        fail(25, `node ${process.id} does not agree on ${key}`)
      if (
        anew &&
        process === machines[0] &&
        policy.ttl > 50 &&
        stores(key) &&
        O.isNone(shared.read(history.keyOf(key)))
      )
        fail(25, `what node ${process.id} loads is not stored`)
    }
  }
  const converge = async (key: number): Promise<void> => {
    database[key]!++
    const { answer } = await mutate(anybody(), 'delete', [key])
    if (answer?._tag !== 'Right') fail(31, 'a delete fails where nothing does')
    await agree(key, false)
  }
  // once more, where nothing goes wrong, and nothing is left of what was before
  world.skip(grace(plan) + policy.ttl + (policy.lease?.ttl ?? 0) + (policy.negative ?? 0) + 1)
  let converged = 0
  const done = (): number => converged++
  for (let key = 0; key < plan.keys; key++) {
    world.after(1 + key * 500, () => void agree(key, true).then(done))
    world.after(250 + key * 500, () => void converge(key).then(done))
  }
  await nothingLeft()
  if (converged < 2 * plan.keys) fail(24, 'the end never ends')
  for (const { alive, id, reads, stats } of machines)
    if (alive && RingEvent.reads(stats()) !== reads)
      fail(38, `node ${id} tells of ${RingEvent.reads(stats())} reads, and there were ${reads}`)

  return {
    seed,
    plan,
    violations: [...checks(history), ...late],
    trace: world.trace,
    calls: history.calls.length
  }
}

const shown = ({ answer, threw }: Call): string =>
  threw !== undefined
    ? `thrown ${JSON.stringify(threw.cause)}`
    : answer === undefined
    ? 'nothing'
    : E.isRight(answer)
    ? JSON.stringify(answer.right) ?? 'none'
    : answer.left instanceof Error
    ? answer.left.name
    : JSON.stringify(answer.left)
