/** The library as it is, as a subject of the model. A test file imports `../simulation/flights` before this module. */
import * as lib from '../../src'
import { watching } from '../simulation/flights'
import type { Subject } from './stage'

export const real: Subject = {
  lib,
  watching: (make) => {
    const [made, watch] = watching(() => 0, make)
    return [made, watch.size]
  }
}
