/**
 * The timers of this library. They work for any length: Node fires a timer longer than 2^31 - 1 ms at once, so no other
 * file of `src` calls `setTimeout`.
 *
 * Each timer says whether it keeps the process alive (law 36). A timer that a caller's answer depends on does; a timer
 * of background work does not. In browsers and Workers no timer keeps anything alive, so the kind has no effect.
 *
 * The functions of the runtime are looked up at each call, so that the fake timers of a test runner replace all of
 * them.
 *
 * @internal
 */
import type { IO } from 'fp-ts/IO'

import { host, isWorkers } from './host'
import { ignore } from './ignore'

/** The longest delay that a timer of Node accepts. A longer delay is split into steps. */
export const longestTimer = 2 ** 31 - 1

/** `waited`: a caller waits for the timer, and the process stays alive until it fires. `idle`: no caller waits. */
export type Kind = 'waited' | 'idle'

/** What `setTimeout` returns: an object in Node and Bun, a number elsewhere. */
type Handle = ReturnType<typeof setTimeout>

/** The methods that a handle has in Node, and may lack elsewhere. */
const ofNode = (timer: Handle): Partial<Pick<NodeJS.Timeout, 'ref' | 'unref' | 'refresh'>> => timer

/** Lets the process end although the timer is still set. */
const letGo = (timer: Handle): void => {
  const { unref } = ofNode(timer)
  if (unref !== undefined) unref.call(timer)
  else if (typeof timer === 'number') host.Deno?.unrefTimer?.(timer)
}

/** A timer that has been set. */
export interface Alarm {
  /** The timer of the runtime that is set now. */
  timer: Handle | undefined
  readonly ms: number
  readonly run: () => void
  readonly kind: Kind
}

/** Stops the timer, if there is one. */
export const stopAlarm = (alarm: Alarm | undefined): void => {
  if (alarm !== undefined) clearTimeout(alarm.timer)
}

/** Sets the timer for the rest of its time, in steps of `longestTimer`. */
const wait = (alarm: Alarm, left: number): void => {
  const { kind, run } = alarm
  alarm.timer =
    left > longestTimer
      ? setTimeout(() => wait(alarm, left - longestTimer), longestTimer)
      : setTimeout(run, Math.max(left, 0))
  if (kind === 'idle') letGo(alarm.timer)
}

/** Runs `run` after `ms` milliseconds. For `Infinity` it sets no timer. */
export const setAlarm = (ms: number, run: () => void, kind: Kind): Alarm | undefined => {
  if (ms === Infinity) return undefined
  const alarm: Alarm = { timer: undefined, ms, run, kind }
  wait(alarm, ms)
  return alarm
}

/** Starts the timer again from now, with the same length. */
export const restartAlarm = (alarm: Alarm | undefined): void => {
  if (alarm === undefined) return
  const { ms, timer } = alarm
  const refresh = timer === undefined || ms > longestTimer ? undefined : ofNode(timer).refresh
  if (refresh !== undefined) return void refresh.call(timer)
  clearTimeout(timer)
  wait(alarm, ms)
}

/** Starts a timer of `ms` milliseconds; returns a function that stops it. */
export type Start<Milliseconds extends number = number> = (ms: Milliseconds, run: IO<void>) => IO<IO<void>>

const starting =
  (kind: Kind): Start =>
  (ms, run) =>
  () => {
    const alarm = setAlarm(ms, run, kind)
    return () => stopAlarm(alarm)
  }

/** Runs `run` after `ms` milliseconds, never for `Infinity`. The process stays alive until then. */
export const startTimer: Start = /*#__PURE__*/ starting('waited')

/** Like `startTimer`, but does not keep the process alive. */
export const startIdleTimer: Start = /*#__PURE__*/ starting('idle')

/** What keeps the process alive, as long as someone needs it: one timer for all, which is let go and taken back. */
let hold: Handle | undefined
let holders = 0

const release = (): void => {
  if (--holders > 0 || hold === undefined) return
  const { unref } = ofNode(hold)
  if (unref !== undefined) return void unref.call(hold)
  clearInterval(hold)
  hold = undefined
}

/** Keeps the process alive; returns a function that stops this. It is called once. */
export const holdProcess = (): IO<void> => {
  // without a `process`, and in Workers, no timer keeps anything alive, so none is needed
  if (host.process === undefined || isWorkers(host)) return ignore
  if (!areTimersReal()) {
    const own = setInterval(ignore, longestTimer)
    return () => clearInterval(own)
  }
  holders++
  if (hold === undefined) hold = setInterval(ignore, longestTimer)
  else ofNode(hold).ref?.call(hold)
  return release
}

/** Runs `run` in a later turn of the event loop. By then the answers that wait in the sockets have been read. */
export const nextTurn = (run: () => void): void => {
  const { setImmediate } = host
  if (setImmediate === undefined) setTimeout(run, 0)
  else setImmediate(run)
}

/** The timers when this module was loaded. */
const atFirst: unknown = setTimeout

/**
 * Whether the timers are those of the runtime. Fake timers of a test may be dropped, and may run by another clock than
 * `performance`: nothing is shared there.
 */
export const areTimersReal = (): boolean => setTimeout === atFirst && !('clock' in setTimeout)

/** Identifies the timers in use: the runtime's own, or the fake timers of one test. */
export const timersInUse = (): unknown => setTimeout

/** How many promise jobs to wait for in a runtime that cannot run a function after all of them. */
const jobs = 16

/** Runs `run` after the promise jobs that are queued now, and some of those that they queue. */
export const afterJobs = (run: () => void): void => {
  const { process } = host
  if (process?.nextTick !== undefined) return process.nextTick(run)
  let left = jobs
  // no timer: in Workers a timer belongs to one request, and this may serve other requests too
  const wait = (): void => (left-- > 0 ? queueMicrotask(wait) : run())
  wait()
}

/** Resolves after `ms` milliseconds, and keeps the process alive until then. */
export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => void setAlarm(ms, resolve, 'waited'))
