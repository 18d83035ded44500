// One member of a group on kafkajs: member.js BOOTSTRAP TOPIC GROUP. See members.md for what it prints.
const { Kafka, logLevel } = require('kafkajs')
const [bootstrap, topic, groupId] = process.argv.slice(2)
const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.ERROR })
const consumer = kafka.consumer({ groupId, sessionTimeout: 3000, heartbeatInterval: 300, rebalanceTimeout: 6000, maxWaitTimeInMs: 200 })
const say = (what, partition, offset, value) => process.stdout.write(`${Date.now()} ${what} ${partition} ${offset} ${value}\n`)

const run = async () => {
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch, resolveOffset, heartbeat, isRunning, isStale }) => {
      for (let i = 0; i < batch.messages.length; i += 20) {
        if (!isRunning() || isStale()) return
        const some = batch.messages.slice(i, i + 20)
        for (const message of some) say('R', batch.partition, message.offset, message.value)
        const next = (BigInt(some[some.length - 1].offset) + 1n).toString()
        await consumer.commitOffsets([{ topic, partition: batch.partition, offset: next }])
        say('S', batch.partition, next, '-')
        resolveOffset(some[some.length - 1].offset)
        await heartbeat()
      }
    },
  })
}
process.once('SIGTERM', async () => {
  await consumer.disconnect()
  process.exit(0)
})
run().catch(error => {
  console.error(error)
  process.exit(1)
})
