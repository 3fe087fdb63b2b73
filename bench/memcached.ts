/**
 * A hit of 1 KB in memcached, validated, against `mg` and `JSON.parse` by hand on the same client; and what memjs, which
 * speaks the binary protocol, takes for it.
 */
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import { Codec, Duration, Policy, ring } from 'fp-ring'
import { client, memcached as memcachedStore } from 'fp-ring/memcached'
import { Client as MemJs } from 'memjs'

import { hostOf, startMemcached } from '../__tests__/integration/servers'
import { Account, accountOf, shuffled, valueOf } from './fixtures'
import { compare, rowsOf, type Scenario } from './harness'
