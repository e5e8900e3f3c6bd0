// A runner that becomes ready and starts every request, but never lets go of one. SIGTERM does not move it.
process.on('message', (command) => {
  if (command.type === 'open') {
    const facts = { engineVersion: 'deaf', digest: 'sha256:0', slots: 1, contextTokens: 8, threads: 1, device: 'cpu' };
    process.send([{ type: 'ready', facts }]);
  }
  if (command.type === 'generate') process.send([{ type: 'delta', id: command.id, text: 'a', tokens: 1 }]);
});
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
