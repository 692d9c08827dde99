#!/usr/bin/env node
// Committed, so that npm links the command before anything is built. A symbolic link to it named ipvsadm is ipvsadm.
require('../dist/ipvs.cjs')
