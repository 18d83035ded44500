// One member of a group on sarama: member BOOTSTRAP TOPIC GROUP. See members.md for what it prints.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/Shopify/sarama"
)

var out sync.Mutex

func say(what string, partition int32, offset int64, value string) {
	out.Lock()
	defer out.Unlock()
	fmt.Println(time.Now().UnixNano()/int64(time.Millisecond), what, partition, offset, value)
}

type member struct{}

func (member) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (member) Cleanup(sarama.ConsumerGroupSession) error { return nil }

// This version of sarama commits what is marked by itself, each 100 ms and when a session ends: nothing tells when.
func (member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		say("R", message.Partition, message.Offset, string(message.Value))
		session.MarkMessage(message, "")
	}
	return nil
}

func main() {
	config := sarama.NewConfig()
	config.Version = sarama.V2_1_0_0
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.Retention = 24 * time.Hour // without one this version commits by a request that Kafka 4 no longer knows
	config.Consumer.Offsets.CommitInterval = 100 * time.Millisecond
	config.Consumer.Group.Session.Timeout = 3 * time.Second
	config.Consumer.Group.Heartbeat.Interval = 300 * time.Millisecond
	config.Consumer.MaxWaitTime = 100 * time.Millisecond
	group, err := sarama.NewConsumerGroup([]string{os.Args[1]}, os.Args[3], config)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	running, cancel := context.WithCancel(context.Background())
	go func() {
		<-stop
		cancel()
	}()
	for running.Err() == nil {
		if err := group.Consume(running, []string{os.Args[2]}, member{}); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	if err := group.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
