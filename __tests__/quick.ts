/** For `npm run test:quick`: a test that starts a process, opens a connection or listens is not quick, and fails. */
import processes from 'node:child_process'
import { Server, Socket } from 'node:net'

const refuse = (what: string) => (): never => {
  throw new Error(`a quick test may not ${what}: jest.quick.config.cjs says which tests are quick`)
}

for (const name of ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'] as const)
  Reflect.set(processes, name, refuse(`start a process (${name})`))
Socket.prototype.connect = refuse('open a connection')
Server.prototype.listen = refuse('listen on a port')
