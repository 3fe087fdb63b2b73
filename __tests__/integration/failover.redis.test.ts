/**
 * Clusters, sentinels and pools whose servers are killed, frozen and replaced, under load, with the client options that we
 * recommend. `FAILOVERS=5` runs each five times, and more of them.
 */
import { afterAll, describe, expect, test } from '@jest/globals'
import { createClient, createClientPool, createCluster, createSentinel } from 'redis'

import { Duration } from '../../src'
import { recommended, redis } from '../../src/stores/redis'
import { slotOf } from '../../src/stores/redis/keys'
import type { FeedOptions, RedisClient } from '../../src/stores/redis/model'
import {
  type Cluster,
  eventually,
  onNode,
  randomNamespace,
  type Server,
  sleep,
  startCluster,
  startRedis,
  startWatched,
  type Watched
} from './servers'
import { type Failure, startTraffic } from './traffic'

const rounds = Number(process.env['FAILOVERS'] ?? 1)
const heartbeat = Duration.milliseconds(500)
const keys = Array.from({ length: 24 }, (_, i) => `k${String(i)}`)
/** The last clients have one each. */
const nearTiers = 2
/** What the loaded machine that runs this may add. */
const noise = 250

type Traffic = ReturnType<typeof startTraffic>
type Report = ReturnType<Traffic['report']>

const closing: Array<() => unknown> = []
afterAll(async () => {
  for (const close of closing.reverse()) await close()
})

/** When the first of the nodes says that it is a master. */
const promotion = async (nodes: ReadonlyArray<Server>): Promise<number> => {
  for (;;) {
    const roles = await Promise.all(
      nodes.map((node) => onNode(node, (send) => send('INFO', 'replication')).catch(() => ''))
    )
    if (roles.some((role) => role.includes('role:master'))) return performance.now()
    await sleep(10)
  }
}

const check = (name: string, report: Report, recoveries: ReadonlyArray<number>, bound = 1_500): void => {
  const { counts: _, ...shown } = { counts: undefined, ...report }
  console.log(
    name,
    recoveries.map((n) => `${n.toFixed(0)} ms`).join(', '),
    JSON.stringify(shown, (_key, v: unknown) => (typeof v === 'number' ? Math.round(v) : v))
  )
  expect(report.wrongKeys).toBe(0)
  expect(report.stale).toBe(0)
  expect(report.staleLoads).toBe(0)
  expect(report.notHidden).toBe(0)
  expect(Object.keys(report.errors).filter((e) => !/^StoreError (failed|timeout)$/.test(e))).toEqual([])
  expect(report.near.ownStale).toBe(0)
  expect(report.near.max).toBeLessThan(2 * heartbeat + noise)
  // they are near tiers, also after what happened: while there is traffic, a busy machine has few reads between two writes
  expect(report.answering).toBe(nearTiers)
  for (const recovery of recoveries) expect(recovery).toBeLessThan(bound + noise)
}

interface Shard {
  readonly id: string
  readonly master: Server
  readonly replicas: ReadonlyArray<Server>
  readonly owns: (slot: number) => boolean
}

/** Which slots a line of CLUSTER NODES names. */
const owned = (line: string): ((slot: number) => boolean) => {
  const ranges = line
    .split(' ')
    .slice(8)
    .filter((range) => !range.startsWith('['))
    .map((range) => range.split('-').map(Number))
  return (slot) => ranges.some(([from = 0, to = from]) => slot >= from && slot <= to)
}

const shardsOf = async ({ nodes }: Cluster): Promise<ReadonlyArray<Shard>> => {
  const [text = ''] = await Promise.all(
    nodes.slice(0, 1).map((node) => onNode(node, (send) => send('CLUSTER', 'NODES')))
  )
  const lines = text.split('\n').filter((line) => line !== '' && !/fail|handshake/.test(line))
  const portOf = (line: string): number => Number(/:(\d+)@/.exec(line)?.[1])
  return lines
    .filter((line) => line.includes('master'))
    .map((line) => {
      const [id = ''] = line.split(' ')
      const replicas = lines.filter((other) => other.split(' ')[3] === id).map(portOf)
      return {
        id,
        master: nodes.find((node) => node.port === portOf(line)) as Server, // SAFETY: it is one of them
        replicas: nodes.filter((node) => replicas.includes(node.port)),
        owns: owned(line)
      }
    })
}

/** Moves a slot as `redis-cli --cluster reshard` does, slowly: for a while its keys are here and there. */
const moveSlot = async (
  slot: number,
  from: Shard,
  to: Shard,
  nodes: ReadonlyArray<Server>
): Promise<void> => {
  const [s, port] = [String(slot), String(to.master.port)]
  await onNode(to.master, (send) => send('CLUSTER', 'SETSLOT', s, 'IMPORTING', from.id))
  await onNode(from.master, (send) => send('CLUSTER', 'SETSLOT', s, 'MIGRATING', to.id))
  await sleep(60)
  await onNode(from.master, async (send) => {
    for (;;) {
      // a reply that is a list of keys, joined
      const found = (await send('CLUSTER', 'GETKEYSINSLOT', s, '1')).split(',').filter((key) => key !== '')
      if (found.length === 0) break
      await send('MIGRATE', '127.0.0.1', port, '', '0', '2000', 'KEYS', ...found)
      await sleep(20)
    }
  })
  await sleep(60)
  for (const node of [to.master, from.master, ...nodes.filter((n) => n !== to.master && n !== from.master)])
    await onNode(node, (send) => send('CLUSTER', 'SETSLOT', s, 'NODE', to.id).catch(() => ''))
}

/** Runs traffic while something happens; checks what was seen. */
const during = async (
  name: string,
  connect: () => Promise<RedisClient & { readonly destroy: () => unknown }>,
  happens: (slot: (key: string) => number, traffic: Traffic) => Promise<ReadonlyArray<Failure>>,
  { bound, connect: feedConnect }: { readonly bound?: number; readonly connect?: FeedOptions['connect'] } = {}
): Promise<void> => {
  const namespace = randomNamespace()
  const clients = await Promise.all(Array.from({ length: 5 }, connect))
  const traffic = startTraffic({
    clients: clients.slice(0, -nearTiers),
    near: clients.slice(-nearTiers),
    namespace,
    keys,
    feed: { heartbeat, ...(feedConnect === undefined ? {} : { connect: feedConnect }) }
  })
  try {
    await sleep(700)
    const failures = await happens((key) => slotOf(`${namespace}load:'${key}'`), traffic)
    await traffic.stop()
    const recoveries = failures.map(({ begun, owns, promoted }) => traffic.firstGood(owns, begun, promoted))
    check(name, traffic.report(failures), recoveries, bound)
  } finally {
    await traffic.stop()
    for (const client of clients) await client.destroy()
  }
}

const again = Array.from({ length: rounds }, (_, i) => i + 1)

describe('a cluster', () => {
  let started: Promise<Cluster> | undefined
  let used = false
  /** One for all, until a master of it is killed: it does not come back. */
  const cluster = (): Promise<Cluster> => {
    if (!used) started ??= startCluster()
    else {
      const old = started
      used = false
      started = Promise.resolve(old?.then((c) => c.stop())).then(() => startCluster())
    }
    return started // SAFETY: it was set
  }
  afterAll(async () => (await started)?.stop())

  const connect = async () => {
    const { rootNodes } = await cluster()
    const client = createCluster({ rootNodes: [...rootNodes], ...recommended().cluster })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }
  const whole = async (): Promise<void> => {
    const { nodes } = await cluster()
    await Promise.all(
      nodes.map((node) =>
        eventually('the cluster is whole', () =>
          onNode(node, async (send) => {
            const said = await send('CLUSTER', 'INFO')
            const replication = await send('INFO', 'replication')
            return said.includes('cluster_state:ok') && /state=online|master_link_status:up/.test(replication)
          })
        )
      )
    )
  }
  const shardOf = async (
    slot: (key: string) => number
  ): Promise<Shard & { readonly has: (key: string) => boolean }> => {
    const shard = (await shardsOf(await cluster())).find(
      ({ owns, replicas }) => replicas.length > 0 && keys.some((key) => owns(slot(key)))
    )
    if (shard === undefined) throw new Error('no shard has a replica and a key')
    return { ...shard, has: (key) => shard.owns(slot(key)) }
  }

  test('laws 21, 26, 33: slots that move under load', async () => {
    const { nodes } = await cluster()
    await during('cluster, resharding:', connect, async (slot) => {
      const [from, to] = await shardsOf(await cluster())
      if (from === undefined || to === undefined) throw new Error('a cluster has masters')
      const moved = Array.from(new Set(keys.map(slot).filter(from.owns))).slice(0, rounds > 1 ? 16 : 4)
      expect(moved.length).toBeGreaterThan(2)
      // there, and back again
      for (const one of [...moved, ...moved]) {
        const back = (await onNode(from.master, (send) => send('CLUSTER', 'NODES')))
          .split('\n')
          .some((line) => line.includes('myself') && owned(line)(one))
        const [source, target] = back ? [from, to] : [to, from]
        await moveSlot(one, source, target, nodes)
      }
      return []
    })
  }, 60_000)

  test.each(again)(
    'law 26: a master that is frozen is replaced (%#)',
    async () => {
      await whole()
      await during('cluster, frozen:', connect, async (slot) => {
        const { has, master, owns, replicas } = await shardOf(slot)
        const begun = performance.now()
        master.pause()
        // one that begins now has never had a connection to it
        const client = await connect()
        const store = redis(client, { namespace: randomNamespace(), timeout: Duration.milliseconds(400) })
        const key = Array.from({ length: 100 }, (_, i) => String(i)).find((k) =>
          owns(slotOf(store.rawKey(k)))
        )
        let good = 0
        const starter = eventually('it writes', async () => {
          const done = await store.set(key ?? '', new Uint8Array(1), Duration.minutes(1))()
          good = performance.now()
          return done._tag === 'Right'
        })
        const promoted = await promotion(replicas)
        await starter
        client.destroy()
        console.log(
          `cluster, frozen: one that was started meanwhile: ${String(Math.round(good - promoted))} ms`
        )
        expect(good - promoted).toBeLessThan(1_500 + noise)
        await sleep(2_000)
        master.resume()
        await sleep(500)
        return [{ owns: has, begun, promoted }]
      })
    },
    60_000
  )

  test.each(again)(
    'law 33: a master that gives its place to a replica (%#)',
    async () => {
      await whole()
      await during('cluster, failover on demand:', connect, async (slot) => {
        const { has, replicas } = await shardOf(slot)
        const begun = performance.now()
        const [replica] = replicas
        if (replica === undefined) throw new Error('it has one')
        await onNode(replica, (send) => send('CLUSTER', 'FAILOVER'))
        const promoted = await promotion(replicas)
        await sleep(1_500)
        return [{ owns: has, begun, promoted }]
      })
    },
    60_000
  )

  test.each(again)(
    'law 26: a master that is killed is replaced (%#)',
    async () => {
      await whole()
      await during('cluster, killed:', connect, async (slot) => {
        const { has, master, replicas } = await shardOf(slot)
        const begun = performance.now()
        await master.kill()
        const promoted = await promotion(replicas)
        await sleep(2_000)
        used = true
        return [{ owns: has, begun, promoted }]
      })
    },
    60_000
  )
})

describe('behind sentinels', () => {
  let started: Promise<Watched> | undefined
  let used = false
  const watched = (): Promise<Watched> => {
    if (!used) started ??= startWatched()
    else {
      const old = started
      used = false
      started = Promise.resolve(old?.then((w) => w.stop())).then(() => startWatched())
    }
    return started // SAFETY: it was set
  }
  afterAll(async () => (await started)?.stop())

  const connect = async () => {
    const { sentinels } = await watched()
    const client = createSentinel({
      name: 'main',
      sentinelRootNodes: [...sentinels],
      ...recommended().sentinel
    })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }
  const listening: FeedOptions['connect'] = (node) =>
    createClient({ RESP: 3, emitInvalidate: true, socket: { ...node, reconnectStrategy: false } })

  /** When all sentinels name another master: until then a client that asks one may be told of the old one. */
  const switched = async (port: number): Promise<number> => {
    const { sentinels } = await watched()
    for (;;) {
      const said = await Promise.all(
        sentinels.map((s) => onNode(s, (send) => send('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'main')))
      )
      if (said.every((address) => !address.includes(String(port)))) return performance.now()
      await sleep(10)
    }
  }
  const said = (node: { readonly port: number }): Promise<string> =>
    onNode(node, (send) => send('INFO', 'replication')).catch(() => '')
  const master = async (): Promise<Server> => {
    const { nodes, sentinels } = await watched()
    const address = await onNode(sentinels[0] as { port: number }, (send) =>
      send('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'main')
    )
    // SAFETY: it is one of them
    return nodes.find(({ port }) => address.includes(String(port))) as Server
  }
  const ready = (): Promise<void> =>
    eventually('two replicas follow', async () => {
      const { nodes } = await watched()
      const all = await Promise.all(nodes.map(said))
      return (
        all.filter((one) => one.includes('role:master')).length === 1 &&
        ((await said(await master())).match(/state=online/g) ?? []).length === 2
      )
    })

  const ways = rounds > 1 ? (['asked to', 'frozen', 'killed'] as const) : (['frozen'] as const)
  test.each(again.flatMap((n) => ways.map((how) => ({ how, n }))))(
    'law 26: a master is replaced: $how ($n)',
    async ({ how }) => {
      await ready()
      const { nodes, sentinels } = await watched()
      await during(
        `sentinels, ${how}:`,
        connect,
        async (_slot, traffic) => {
          const old = await master()
          const begun = performance.now()
          if (how === 'frozen') old.pause()
          else if (how === 'killed') await old.kill()
          else await onNode(sentinels[0] as { port: number }, (send) => send('SENTINEL', 'FAILOVER', 'main'))
          const role = promotion(nodes.filter((node) => node !== old))
          const promoted = await switched(old.port)
          await sleep(how === 'killed' ? 4_000 : 3_000)
          const all = (): boolean => true
          const after = async (from: Promise<number> | number): Promise<string> =>
            `${String(Math.round((await from) - begun))} ms`
          console.log(
            `sentinels, ${how}: a master after ${await after(role)}, said to be one after ${await after(
              promoted
            )}, ` +
              `written to after ${await after((await role) + traffic.firstGood(all, begun, await role))}`
          )
          if (how === 'frozen') old.resume()
          if (how === 'killed') used = true
          // until they are told of another one, clients write to the old master, if it is there
          return [{ owns: all, begun, promoted, ...(how === 'asked to' ? { since: promoted + 1_500 } : {}) }]
        },
        // node-redis asks a sentinel once a second, and not all of them name the new master, as one that is there, at once
        { connect: listening, bound: 3_000 }
      )
    },
    60_000
  )
})

describe('a pool', () => {
  test('law 26: a server that is restarted, and one that is frozen for a while', async () => {
    const server = await startRedis()
    closing.push(server.stop)
    const connect = async () => {
      const { client, pool } = recommended()
      const made = createClientPool(
        { ...client, socket: { ...client.socket, host: '127.0.0.1', port: server.port } },
        pool
      )
      made.on('error', () => undefined)
      await made.connect()
      return made
    }
    await during('pool:', connect, async () => {
      const owns = (): boolean => true
      let begun = performance.now()
      server.pause()
      await sleep(1_500)
      server.resume()
      const thawed = { owns, begun, promoted: performance.now() }
      await sleep(1_500)
      begun = performance.now()
      await server.restart()
      const restarted = { owns, begun, promoted: performance.now() }
      await sleep(1_500)
      return [thawed, restarted]
    })
  }, 60_000)
})
