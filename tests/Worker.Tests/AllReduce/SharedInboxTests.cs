using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using TrainingCluster.Modeling.Native;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Worker.Tests.AllReduce;

/// <summary>Small messages between processes in memory that both map.</summary>
public sealed class SharedInboxTests
{
    private static readonly byte[] s_nonce = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];

    [Fact]
    public void Ring_ManyMessagesOfAllLengths_ComeAsTheyWere()
    {
        using var memory = MappedMemory.Anonymous(MessageRing.Bytes / sizeof(float));
        var (writer, reader) = (new MessageRing(memory, 0), new MessageRing(memory, 0));
        var buffer = new byte[MessageRing.LongestMessage];
        var (written, read) = (0, 0);
        while (read < 5000)
        {
            while (written < 5000 && writer.TryWrite(Message(written)))
            {
                written++;
            }
            // Not all: so the ring turns at every place.
            for (var take = 1 + (read % 7); take > 0 && reader.TryRead(buffer) is var length and > 0; take--)
            {
                Assert.True(buffer.AsSpan(0, length).SequenceEqual(Message(read++)));
            }
        }
        Assert.Equal(-1, reader.TryRead(buffer));

        static byte[] Message(int number)
        {
            var random = new Random(number);
            var message = new byte[random.Next(1, number % 50 == 0 ? MessageRing.LongestMessage + 1 : 200)];
            random.NextBytes(message);
            return message;
        }
    }

    [Fact]
    public void Ring_Full_TakesNoMoreUntilOneIsRead()
    {
        using var memory = MappedMemory.Anonymous(MessageRing.Bytes / sizeof(float));
        var (writer, reader) = (new MessageRing(memory, 0), new MessageRing(memory, 0));
        var message = new byte[1000];
        var count = 0;
        while (writer.TryWrite(message))
        {
            count++;
        }
        Assert.Equal((MessageRing.Bytes - 256) / 1004, count);
        Assert.Equal(1000, reader.TryRead(new byte[MessageRing.LongestMessage]));
        Assert.True(writer.TryWrite(message));
        Assert.False(writer.TryWrite(message));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(-8, 0)]
    [InlineData(long.MaxValue, 0)]
    [InlineData(100, 0)]
    [InlineData(100, -1)]
    [InlineData(100, 97)]
    [InlineData(MessageRing.Bytes, 8)]
    [InlineData(MessageRing.Bytes - 256, MessageRing.LongestMessage + 1)]
    public void Ring_WhatTheClassDidNotWrite_IsRefused(long count, int length)
    {
        using var memory = MappedMemory.Anonymous(MessageRing.Bytes / sizeof(float));
        MemoryMarshal.Cast<float, long>(memory.GetSpan())[0] = count;
        MemoryMarshal.Cast<float, int>(memory.GetSpan())[256 / sizeof(int)] = length;
        Assert.Throws<InvalidDataException>(() => new MessageRing(memory, 0).TryRead(new byte[MessageRing.LongestMessage]));
    }

    [Fact]
    public async Task Inbox_ThreeWriters_GetsAllOfEachInOrder()
    {
        var got = new ConcurrentQueue<(int Rank, int Number)>();
        var wrong = new ConcurrentQueue<string>();
        using var inbox = SharedInbox.TryCreate(
            4,
            s_nonce,
            (rank, message) => got.Enqueue((rank, MemoryMarshal.Read<int>(message.Span))),
            (rank, what) => wrong.Enqueue($"{rank}: {what}")
        )!;
        const int Messages = 20_000;
        await Task.WhenAll(Enumerable.Range(1, 3).Select(rank => Task.Run(() => Write(rank))));
        SpinWait.SpinUntil(() => got.Count == 3 * Messages, TimeSpan.FromMinutes(1));
        Assert.Empty(wrong);
        Assert.All(
            Enumerable.Range(1, 3),
            rank => Assert.Equal(Enumerable.Range(0, Messages), got.Where(item => item.Rank == rank).Select(item => item.Number))
        );

        void Write(int rank)
        {
            using var peer = PeerInbox.Open(OfferOf(inbox), 4, rank)!;
            for (var number = 0; number < Messages; number++)
            {
                while (!peer.TryPut(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in number)), first: rank == 2))
                {
                    Thread.Yield();
                }
            }
        }
    }

    [Fact]
    public void Inbox_RingThatWasWrittenOver_IsNamedAndTheOthersGoOn()
    {
        using var named = new BlockingCollection<(int, string)>();
        using var got = new BlockingCollection<int>();
        using var inbox = SharedInbox.TryCreate(3, s_nonce, (rank, _) => got.Add(rank), (rank, wrong) => named.Add((rank, wrong)))!;
        using var broken = PeerInbox.Open(OfferOf(inbox), 3, 1)!;
        using (var file = MemoryFile.Open(Environment.ProcessId, inbox.Offer.Fd, inbox.Offer.Bytes, writable: true))
        using (var memory = file.Map())
        {
            // How much rank 1 has written: more than there is.
            MemoryMarshal.Cast<float, long>(memory.GetSpan())[(4096 + (2 * MessageRing.Bytes)) / sizeof(long)] = 100;
        }
        using var other = PeerInbox.Open(OfferOf(inbox), 3, 2)!;
        Assert.True(other.TryPut([1], first: true));
        Assert.Equal((1, "a message of 0 bytes where 100 were written"), named.Take(TestContext.Current.CancellationToken));
        Assert.Equal(2, got.Take(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(true, 3)]
    [InlineData(false, 2)]
    public void Open_NotWhatWasOffered_IsRefused(bool otherNonce, int workers)
    {
        using var inbox = Silent(3);
        var offer = OfferOf(inbox);
        if (otherNonce)
        {
            offer.Nonce = Google.Protobuf.ByteString.CopyFrom(new byte[16]);
        }
        Assert.Throws<IOException>(() => PeerInbox.Open(offer, workers, 1));
    }

    [Fact]
    public void Put_AfterItsOwnerHasEnded_DoesNothing()
    {
        var inbox = Silent(2);
        using var peer = PeerInbox.Open(OfferOf(inbox), 2, 1)!;
        inbox.Dispose();
        Assert.True(peer.TryPut([1], first: true));
        peer.Dispose();
        Assert.False(peer.TryPut([1], first: true));
    }

    [Fact]
    public async Task Serve_WhileTheTrainingThreadWaits_ItTakesMessagesOutAndIsWokenForThem()
    {
        var takers = new ConcurrentQueue<int>();
        using var inbox = SharedInbox.TryCreate(2, s_nonce, (_, _) => takers.Enqueue(Environment.CurrentManagedThreadId), (_, _) => { })!;
        using var peer = PeerInbox.Open(OfferOf(inbox), 2, 1)!;
        using var served = new SemaphoreSlim(0);
        var trainer = Task.Factory.StartNew(
            () =>
            {
                using (var serving = inbox.Serve()!)
                {
                    served.Release();
                    for (var taken = 0; taken < 100; )
                    {
                        serving.Look();
                        if (serving.TakeOne())
                        {
                            taken++;
                            served.Release();
                            continue;
                        }
                        serving.Sleep(TimeSpan.FromMinutes(1));
                    }
                }
                return Environment.CurrentManagedThreadId;
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
        for (var message = 0; message < 100; message++)
        {
            Assert.True(await served.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
            Assert.True(peer.TryPut([1], first: false));
        }
        var thread = await trainer;
        Assert.Equal(Enumerable.Repeat(thread, 100), takers);
        // And then the reader takes them again.
        Assert.True(peer.TryPut([1], first: false));
        Assert.True(SpinWait.SpinUntil(() => takers.Count == 101, TimeSpan.FromMinutes(1)));
        Assert.NotEqual(thread, takers.Last());
    }

    [Fact]
    public void Serve_AfterTheEnd_IsRefused()
    {
        var inbox = Silent(1);
        inbox.Dispose();
        inbox.Dispose();
        inbox.Pulse();
        Assert.Null(inbox.Serve());
    }

    private static SharedInbox Silent(int workers) => SharedInbox.TryCreate(workers, s_nonce, (_, _) => { }, (_, _) => { })!;

    private static SharedMemoryOffer OfferOf(SharedInbox inbox) =>
        new()
        {
            Pid = Environment.ProcessId,
            Nonce = Google.Protobuf.ByteString.CopyFrom(s_nonce),
            Inbox = inbox.Offer,
        };
}
