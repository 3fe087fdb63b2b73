// The program as a Worker; and what becomes of a load in the background, with `waitUntil` and without.
import { taskEither as TE } from 'fp-ts'
import { dict, Duration, Policy, ring } from 'fp-ring'
import { page } from 'fp-ring/http'
import { waitUntil } from 'cloudflare:workers'

import { run } from './program.mjs'

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const policy = Policy.policy(
  Policy.ttl(Duration.milliseconds(50)),
  Policy.staleWhileRevalidate(Duration.minutes(5))
)
const counting = () => {
  let runs = 0
  return () => async () => {
    const mine = ++runs
    await sleep(50)
    return { _tag: 'Right', right: mine }
  }
}
const ended = ring(counting(), { name: 'ended', store: dict(), policy })
const lasting = ring(counting(), { name: 'lasting', store: dict(), policy, waitUntil })
const shared = ring(counting(), { name: 'shared', store: dict() })
let runs = 0
const pages = page(
  async () => {
    const mine = ++runs
    await sleep(50)
    return new Response(String(mine))
  },
  { store: dict(), policy, waitUntil }
)

const answers = {
  '/ended': async () => String((await ended()()).right),
  '/lasting': async () => String((await lasting()()).right),
  '/shared': async () => String((await shared()()).right),
  '/program': async () => (await run()).join('\n')
}

export default {
  fetch: async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname === '/page') return pages(request)
    try {
      return new Response(await answers[pathname]())
    } catch (cause) {
      return new Response(cause.stack, { status: 500 })
    }
  }
}
