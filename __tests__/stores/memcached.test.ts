import { type OwnClient } from '../../src/stores/memcached'
import { client, memcached, type MemcachedClient, type MemcachedOptions } from '../../src/stores/memcached'
import { anyMemcached, hostOf, randomNamespace, sleep, startMemcached } from '../integration/servers'
import { byteExtremes, byteValues, equalBytes, storeLaws, type StoreLawsOptions } from '../laws/store'

const options: StoreLawsOptions<Uint8Array> = {
  values: byteValues,
  // a server of somebody else's may take a megabyte at most, the item's own size included
  extremes: process.env['MEMCACHED_URL'] ? byteExtremes.filter((e) => e.byteLength < 1e6) : byteExtremes,
  equals: equalBytes,
  // its clock ticks once a second, and less than a second is one
  wait: (ms) => sleep(ms + 1_700)
}

// -------------------------------------------------------------------------------------
// laws
// -------------------------------------------------------------------------------------

const lawsOver = (
  name: string,
  servers: number,
  given: MemcachedOptions,
  as: (made: OwnClient) => MemcachedClient | (() => MemcachedClient) = (made) => made
): void => {
  const closing: Array<() => unknown> = []
  storeLaws(
    `memcached over ${name}`,
    async () => {
      const started =
        servers === 1
          ? [await anyMemcached()]
          : await Promise.all(Array.from({ length: servers }, () => startMemcached()))
      closing.push(...started.map(({ stop }) => stop))
      const made = client({ servers: started.map(({ url }) => hostOf(url)) })
      closing.push(made.close)
      return memcached(as(made), { namespace: randomNamespace(), ...given })
    },
    options,
    async () => {
      for (const close of closing.reverse()) await close()
    }
  )
}

lawsOver('one server', 1, {})
lawsOver('three servers, in small batches', 3, { batch: { max: 3 } })
lawsOver('a function that gives a client, not batched', 1, { batch: false }, (made) => () => made)
