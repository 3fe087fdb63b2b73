/**
 * Real servers for the tests: started on free loopback ports, in temporary directories, without persistence, and
 * gone when the tests are, however the tests end.
 */
import { execFileSync, spawn } from 'node:child_process'
import { accessSync, constants, rmSync, writeFileSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { delimiter, join } from 'node:path'

import { createClient } from 'redis'

import { freshFolder } from '../folders'

// -------------------------------------------------------------------------------------
// binaries
// -------------------------------------------------------------------------------------

const onPath = (name: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })

/** How a system installs a program, by what its package is called there. */
export interface Packages {
  readonly apt: string
  readonly dnf: string
  readonly apk: string
  readonly brew: string
}

const packagesOf: Readonly<Record<string, Packages>> = {
  'redis-server': { apt: 'redis-server', dnf: 'redis', apk: 'redis', brew: 'redis' },
  memcached: { apt: 'memcached', dnf: 'memcached', apk: 'memcached', brew: 'memcached' }
}

/** Where the tests find a server that is there already. */
const urls: Readonly<Record<string, string>> = { 'redis-server': 'REDIS_URL', memcached: 'MEMCACHED_URL' }

const run = (command: ReadonlyArray<string>): boolean => {
  const [program = '', ...args] = command
  try {
    execFileSync(program, args, {
      stdio: 'ignore',
      timeout: 180_000,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    })
    return true
  } catch {
    return false
  }
}

/** Root already, or `sudo` that asks nobody; `undefined` where neither. */
const asRoot = (): ReadonlyArray<string> | undefined =>
  process.getuid?.() === 0 ? [] : onPath('sudo') && run(['sudo', '-n', 'true']) ? ['sudo', '-n'] : undefined

const install = (packages: Packages): void => {
  const root = asRoot()
  if (root !== undefined && onPath('apt-get')) {
    run([...root, 'apt-get', 'update'])
    run([...root, 'apt-get', 'install', '-y', '--no-install-recommends', packages.apt])
  } else if (root !== undefined && onPath('dnf')) {
    run([...root, 'dnf', 'install', '-y', packages.dnf])
  } else if (root !== undefined && onPath('apk')) {
    run([...root, 'apk', 'add', packages.apk])
  } else if (onPath('brew')) {
    run(['brew', 'install', packages.brew])
  }
}

/**
 * Makes sure that a program is there: on PATH, or installed by the system's package manager where that needs no
 * password. Throws one message that says what to do.
 */
export const ensureBinary = (name: string, packages: Packages | undefined = packagesOf[name]): void => {
  if (onPath(name)) return
  if (packages !== undefined) install(packages)
  if (!onPath(name)) {
    throw new Error(
      `The tests need the program ${name}, which is not on PATH and could not be installed without a password. ` +
        `Install it (Debian, Ubuntu: apt-get install ${packages?.apt ?? name}; macOS: brew install ` +
        `${packages?.brew ?? name})` +
        (name in urls
          ? `, or set ${urls[name] ?? ''} for the tests that need no control of the server.`
          : '.')
    )
  }
}

// -------------------------------------------------------------------------------------
// processes
// -------------------------------------------------------------------------------------

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Asks again until it holds; throws when it does not in time. */
export const eventually = async (
  what: string,
  holds: () => Promise<boolean>,
  within = 20_000
): Promise<void> => {
  const end = performance.now() + within
  while (!(await holds().catch(() => false))) {
    if (performance.now() > end) throw new Error(`not within ${String(within)} ms: ${what}`)
    await sleep(20)
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })

/** A port that nobody listens on, below those that the system gives to outgoing connections. */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 16_000)
    if (await isFree(port)) return port
  }
}

interface Process {
  readonly pid: number
  /** Kills it, and waits until it is gone. */
  readonly end: () => Promise<void>
}

// The shell stands between: it reads a pipe of ours that ends when we do, also by SIGKILL, and then kills.
const keeper =
  '"$@" </dev/null >/dev/null 2>&1 & pid=$!; echo $pid; cat >/dev/null; kill -9 $pid; wait $pid; rm -rf "$DIR"'

const startProcess = (command: ReadonlyArray<string>, directory: string): Promise<Process> =>
  new Promise((resolve, reject) => {
    const shell = spawn('sh', ['-c', keeper, 'sh', ...command], {
      cwd: directory,
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...process.env, DIR: directory },
      detached: true // a Ctrl-C of the terminal is for us; the pipe tells the shell
    })
    const gone = new Promise<void>((done) => shell.once('exit', () => done()))
    shell.once('error', reject)
    shell.stdin.once('error', () => undefined)
    shell.stdout.once('data', (line: Buffer) =>
      resolve({
        pid: Number(line.toString()),
        end: () => {
          shell.stdin.end()
          return gone
        }
      })
    )
  })

/** A server under control. */
export interface Server {
  readonly port: number
  readonly url: string
  readonly pid: () => number
  /** SIGSTOP and SIGCONT: the server freezes and thaws; its sockets stay open. */
  readonly pause: () => void
  readonly resume: () => void
  /** SIGKILL. */
  readonly kill: () => Promise<void>
  /** Starts anew on the same port, empty; kills it first where it runs. */
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
}

const answers = async (port: number): Promise<boolean> => {
  const client = createClient({
    socket: { host: '127.0.0.1', port, reconnectStrategy: false, connectTimeout: 500 },
    disableClientInfo: true
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.ping()) === 'PONG'
  } finally {
    client.destroy()
  }
}

/** Starts a `redis-server` on a free port of 127.0.0.1. */
export const startRedis = async (options: ReadonlyArray<string> = []): Promise<Server> => {
  ensureBinary('redis-server')
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    try {
      return await startRedisOn(port, options)
    } catch (cause) {
      // another process took the port in between
      if (attempt === 3) throw cause
    }
  }
}

const startRedisOn = (port: number, options: ReadonlyArray<string>): Promise<Server> =>
  startServer({
    name: 'redis',
    port,
    answers,
    command: (directory) => [
      ...['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--dir', directory],
      ...['--save', '', '--appendonly', 'no', '--protected-mode', 'no', ...options]
    ]
  })

const memcachedAnswers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1')
    socket.setTimeout(500, () => socket.destroy())
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(false))
    socket.once('data', (said) => {
      resolve(said.toString().startsWith('VERSION'))
      socket.destroy()
    })
    socket.write('version\r\n')
  })

/** Starts a `memcached` on a free port of 127.0.0.1, for values of up to 8 MiB. */
export const startMemcached = async (options: ReadonlyArray<string> = []): Promise<Server> => {
  ensureBinary('memcached')
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    // it refuses to run as root, unless it is told to
    const user = process.getuid?.() === 0 ? ['-u', 'root'] : []
    try {
      return await startServer({
        name: 'memcached',
        port,
        answers: memcachedAnswers,
        command: () => [
          ...['memcached', '-p', String(port), '-l', '127.0.0.1', '-U', '0', '-I', '8m', ...user, ...options]
        ]
      })
    } catch (cause) {
      if (attempt === 3) throw cause
    }
  }
}

interface Started {
  readonly name: string
  readonly port: number
  readonly answers: (port: number) => Promise<boolean>
  readonly command: (directory: string) => ReadonlyArray<string>
}

const startServer = async ({ answers: isReady, command, name, port }: Started): Promise<Server> => {
  let current: Process | undefined
  const start = async (): Promise<void> => {
    const directory = freshFolder(name)
    const started = await startProcess(command(directory), directory)
    current = started
    try {
      await eventually(`${name} answers`, () => isReady(port), 10_000)
    } catch (cause) {
      await started.end()
      rmSync(directory, { recursive: true, force: true })
      throw cause
    }
  }
  const end = async (): Promise<void> => {
    const old = current
    current = undefined
    await old?.end()
  }
  const signal = (name: NodeJS.Signals): void => {
    if (current !== undefined) process.kill(current.pid, name)
  }
  await start()
  return {
    port,
    url: `${name}://127.0.0.1:${String(port)}`,
    pid: () => current?.pid ?? 0,
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    kill: end,
    restart: async () => {
      await end()
      await start()
    },
    stop: end
  }
}

/** Starts a sentinel that watches one server under the name `main`. */
export const startSentinel = async (
  master: Server,
  quorum = 1
): Promise<{ readonly port: number; readonly stop: () => Promise<void> }> => {
  const port = await freePort()
  const directory = freshFolder('sentinel')
  const config = join(directory, 'sentinel.conf')
  writeFileSync(
    config,
    [
      `port ${String(port)}`,
      'bind 127.0.0.1',
      `sentinel monitor main 127.0.0.1 ${String(master.port)} ${String(quorum)}`,
      'sentinel down-after-milliseconds main 1000',
      'sentinel failover-timeout main 5000',
      'sentinel parallel-syncs main 5'
    ].join('\n')
  )
  const started = await startProcess(['redis-server', config, '--sentinel'], directory)
  await eventually('the sentinel answers', () => answers(port), 10_000)
  return { port, stop: started.end }
}

/** A master, two replicas, three sentinels. */
export interface Watched {
  /** The first was the master at the start. */
  readonly nodes: ReadonlyArray<Server>
  readonly sentinels: ReadonlyArray<{ readonly host: string; readonly port: number }>
  readonly stop: () => Promise<void>
}

/** Starts a master, its replicas and its sentinels, and waits until they all know each other. */
export const startWatched = async (): Promise<Watched> => {
  const master = await startRedis(['--repl-diskless-sync-delay', '0'])
  const follow = ['--replicaof', `127.0.0.1 ${String(master.port)}`, '--repl-diskless-sync-delay', '0']
  const nodes = [master, ...(await Promise.all([startRedis(follow), startRedis(follow)]))]
  await eventually('the replicas follow', async () => {
    const said = await onNode(master, (send) => send('INFO', 'replication'))
    return (said.match(/state=online/g) ?? []).length === 2
  })
  const sentinels = await Promise.all([1, 2, 3].map(() => startSentinel(master, 2)))
  const stop = async (): Promise<void> => {
    await Promise.all([...sentinels, ...nodes].map((one) => one.stop()))
  }
  try {
    await Promise.all(
      sentinels.map((sentinel) =>
        eventually('the sentinels know each other', () =>
          onNode(sentinel, async (send) => /slaves=2,sentinels=3/.test(await send('INFO', 'sentinel')))
        )
      )
    )
    return { nodes, sentinels: sentinels.map(({ port }) => ({ host: '127.0.0.1', port })), stop }
  } catch (cause) {
    await stop()
    throw cause
  }
}

// -------------------------------------------------------------------------------------
// the server of tests that need no control
// -------------------------------------------------------------------------------------

/** The server that REDIS_URL names, or one of our own. */
export const anyRedis = async (): Promise<{ readonly url: string; readonly stop: () => Promise<void> }> => {
  const url = process.env['REDIS_URL']
  return url === undefined || url === '' ? startRedis() : { url, stop: () => Promise.resolve() }
}

/** The server that MEMCACHED_URL names, or one of our own. */
export const anyMemcached = async (): Promise<{
  readonly url: string
  readonly stop: () => Promise<void>
}> => {
  const url = process.env['MEMCACHED_URL']
  return url === undefined || url === '' ? startMemcached() : { url, stop: () => Promise.resolve() }
}

/** `host:port`, as memcached's clients take it, of a URL. */
export const hostOf = (url: string): string => new URL(url).host

/** A namespace that no other test has. */
export const randomNamespace = (): string => `fp-ring-test:${Math.random().toString(36).slice(2)}:`

// -------------------------------------------------------------------------------------
// clusters
// -------------------------------------------------------------------------------------

export interface Cluster {
  /** The first `masters` of them began as masters. */
  readonly nodes: ReadonlyArray<Server>
  readonly rootNodes: ReadonlyArray<{ readonly url: string }>
  readonly stop: () => Promise<void>
}

/** Runs some commands on one node. */
export const onNode = async <A>(
  { port }: { readonly port: number },
  use: (send: (...args: ReadonlyArray<string>) => Promise<string>) => Promise<A>
): Promise<A> => {
  const client = createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: false } })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await use(async (...args) => (await client.sendCommand<Buffer | string>([...args])).toString())
  } finally {
    client.destroy()
  }
}

const slots = 16_384

/** Starts a cluster of masters and as many replicas, and waits until every node says that it is whole. */
export const startCluster = async (masters = 3): Promise<Cluster> => {
  const clustered = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000']
  const nodes = await Promise.all(
    Array.from({ length: 2 * masters }, async () =>
      // the bus has its own port, so that the usual +10000 does not leave the range
      startRedis([
        ...clustered,
        '--cluster-port',
        String(await freePort()),
        '--repl-diskless-sync-delay',
        '0'
      ])
    )
  )
  const [first] = nodes
  if (first === undefined) throw new Error('a cluster has a node')
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()))
  }
  try {
    const ids = await Promise.all(nodes.map((node) => onNode(node, (send) => send('CLUSTER', 'MYID'))))
    const ports = await Promise.all(
      nodes.map((node) =>
        onNode(node, async (send) => /@(\d+)/.exec(await send('CLUSTER', 'NODES'))?.[1] ?? '')
      )
    )
    for (const [i, node] of nodes.entries()) {
      await onNode(node, async (send) => {
        await send('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1))
        if (i < masters) {
          const from = Math.floor((i * slots) / masters)
          const to = Math.floor(((i + 1) * slots) / masters) - 1
          await send('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to))
        }
      })
    }
    const meet = (): Promise<void> =>
      onNode(first, async (send) => {
        for (const [i, node] of nodes.entries()) {
          if (i > 0) await send('CLUSTER', 'MEET', '127.0.0.1', String(node.port), ports[i] ?? '')
        }
      })
    await meet()
    const info = (node: Server): Promise<string> => onNode(node, (send) => send('CLUSTER', 'INFO'))
    await Promise.all(
      nodes.map((node) =>
        eventually('nodes know each other', async () => {
          const isKnown = (await info(node)).includes(`cluster_known_nodes:${String(nodes.length)}\r`)
          // on a busy machine a handshake may time out, and its node is forgotten
          if (!isKnown && node === first) await meet()
          return isKnown
        })
      )
    )
    await Promise.all(
      nodes
        .slice(masters)
        .map((node, i) =>
          eventually('a replica follows', () =>
            onNode(node, async (send) => (await send('CLUSTER', 'REPLICATE', ids[i] ?? '')) === 'OK')
          )
        )
    )
    await Promise.all(
      nodes.map((node, i) =>
        eventually('the cluster is whole', async () => {
          const said = await info(node)
          const replication = await onNode(node, (send) => send('INFO', 'replication'))
          return (
            said.includes('cluster_state:ok') &&
            said.includes(`cluster_slots_ok:${String(slots)}`) &&
            // a master that does not know its replica is online is never replaced
            replication.includes(i < masters ? 'state=online' : 'master_link_status:up')
          )
        })
      )
    )
    return { nodes, rootNodes: nodes.map(({ url }) => ({ url })), stop }
  } catch (cause) {
    await stop()
    throw cause
  }
}
