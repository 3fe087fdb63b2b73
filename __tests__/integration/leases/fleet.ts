/** Real processes that share a cache, started once and driven by messages. Every wait for one of them ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import * as path from 'node:path'

import type { Began, Jobs, Reply, Request } from './jobs'

export interface Member {
  readonly pid: number
  readonly ask: <K extends keyof Jobs>(kind: K, asked: Jobs[K][0], within?: number) => Promise<Jobs[K][1]>
  /** SIGKILL; what it was asked is answered by a rejection. */
  readonly kill: () => void
  /** SIGSTOP and SIGCONT. */
  readonly freeze: () => void
  readonly thaw: () => void
}

export interface Fleet {
  readonly living: () => ReadonlyArray<Member>
  readonly start: () => Promise<Member>
  /** The next load that begins of which this is true; rejects when there is none in time. */
  readonly began: (which: (began: Began) => boolean, within?: number) => Promise<Began>
  readonly end: () => Promise<void>
}

const program = path.join(__dirname, '..', 'programs', 'leases.ts')

/** Rejects when it takes longer. */
export const inTime = <A>(what: string, within: number, answer: Promise<A>): Promise<A> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not within ${String(within)} ms: ${what}`)), within)
    answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })

/** The cache is in Redis, or in memcached where its address is given. */
export const startFleet = async (
  size: number,
  url: string,
  namespace: string,
  memcachedAt = ''
): Promise<Fleet> => {
  const all = new Set<ChildProcess>()
  const members = new Set<Member>()
  const listeners = new Set<(began: Began) => void>()

  const start = async (): Promise<Member> => {
    const child = spawn(process.execPath, ['--import', 'tsx', program, url, namespace, memcachedAt], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, NODE_OPTIONS: '' }
    })
    all.add(child)
    type Waiting = readonly [resolve: (answer: never) => void, reject: (cause: Error) => void]
    const waiting = new Map<number, Waiting>()
    let places = 0
    const answered = <A>(place: number): Promise<A> =>
      new Promise((resolve, reject) => waiting.set(place, [resolve, reject]))
    const gone = (): void => {
      all.delete(child)
      members.delete(member)
      for (const [, reject] of waiting.values()) reject(new Error('the process is gone'))
      waiting.clear()
    }
    child.once('exit', gone)
    child.on('error', gone)
    child.on('message', (message: Reply | Began) => {
      if (message._tag === 'Began') return listeners.forEach((listen) => listen(message))
      const [resolve, reject] = waiting.get(message.place) ?? []
      waiting.delete(message.place)
      // SAFETY: the program answers a job with what `Jobs` says
      if (message._tag === 'Done') resolve?.(message.answer as never)
      else reject?.(new Error(message.why))
    })
    const member: Member = {
      pid: child.pid ?? 0,
      ask: (kind, asked, within = 20_000) => {
        const place = ++places
        const answer = answered<never>(place)
        const request: Request = { place, job: { kind, asked } }
        child.send(request, (cause) => {
          if (cause !== null) waiting.get(place)?.[1](cause)
        })
        return inTime(`${kind} of process ${String(child.pid)}`, within, answer)
      },
      kill: () => {
        members.delete(member)
        child.kill('SIGKILL')
      },
      freeze: () => void child.kill('SIGSTOP'),
      thaw: () => void child.kill('SIGCONT')
    }
    await inTime('a process begins', 20_000, answered(0))
    members.add(member)
    return member
  }

  const end = async (): Promise<void> => {
    const exits = Array.from(all, (child) => new Promise((resolve) => child.once('exit', resolve)))
    for (const child of all) child.kill('SIGKILL')
    await inTime('the processes end', 10_000, Promise.all(exits))
  }

  try {
    await Promise.all(Array.from({ length: size }, start))
  } catch (cause) {
    await end()
    throw cause
  }
  return {
    living: () => Array.from(members),
    start,
    began: (which, within = 10_000) => {
      let forget = (): void => undefined
      const found = new Promise<Began>((resolve) => {
        const listen = (began: Began): void => {
          if (which(began)) resolve(began)
        }
        listeners.add(listen)
        forget = () => listeners.delete(listen)
      })
      return inTime('a load begins', within, found).finally(forget)
    },
    end
  }
}
