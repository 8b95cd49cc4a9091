using System.Runtime.InteropServices;
using Google.Protobuf;
using Grpc.Core;
using TrainingCluster.Fuzzing.Tests.Engine;
using TrainingCluster.Modeling.Native;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;

namespace TrainingCluster.Fuzzing.Tests.Targets;

/// <summary>What peers send: the frames of the collective exchange, and a stream of them for a member in the middle of a step.</summary>
internal static class CollectiveTargets
{
    private const int Shards = 4;
    private const int Floats = 256;

    private static readonly CollectiveOptions s_options = new()
    {
        FrameBytes = 128,
        MailboxBytes = 1024,
        Timeout = TimeSpan.FromSeconds(1),
    };

    private static readonly ProcessGroup s_plan = new(
        "job-1",
        3,
        0,
        Shards,
        [new("worker-0", new Uri("http://127.0.0.1:1"), [0, 1]), new("worker-1", new Uri("http://127.0.0.1:2"), [2, 3])],
        0,
        "secret"
    );

    private static readonly BucketLayout s_layout = BucketLayout.Create([Floats / 2, Floats / 2], 64, 128);

    private static readonly MappedMemory s_ring = MappedMemory.Anonymous(MessageRing.Bytes / sizeof(float));
    private static readonly byte[] s_message = new byte[MessageRing.LongestMessage];

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new()
        {
            Name = "message-ring",
            Read = Ring,
            IsRefusal = error => error is InvalidDataException,
            Seeds = () => [RingOf([1], [2, 3, 4], new byte[300])],
        },
        new()
        {
            Name = "frame",
            Read = input => WireBytes.Read(FrameCodec.Marshaller, input).Received?.Dispose(),
            IsRefusal = IsInvalidArgument,
            Seeds = () => Frames().Concat(ByReference()).Select(frame => WireBytes.Write(FrameCodec.Marshaller, frame)),
        },
        new()
        {
            Name = "data-hello",
            Read = input => DataWire.ReadHelloAsync(new MemoryStream(input), CancellationToken.None).GetAwaiter().GetResult(),
            IsRefusal = error => error is IOException || IsInvalidArgument(error),
            Seeds = () =>
                [
                    DataWire.Write(
                        new DataHello
                        {
                            JobId = s_plan.JobId,
                            Generation = s_plan.Generation,
                            SenderRank = 1,
                            GroupToken = s_plan.Token,
                        }
                    ),
                ],
        },
        new()
        {
            Name = "data-frames",
            Read = DataFrames,
            IsRefusal = error => error is IOException || IsInvalidArgument(error),
            Seeds = () => [DataBytes(rounded: false), DataBytes(rounded: true)],
            // Room for the largest payload is taken before it comes: who sends it has shown the members' secret.
            AllocatedAlways = 2 * FrameCodec.LargestPayload,
        },
        new()
        {
            Name = "exchange",
            PartDepth = 1,
            Read = input => Exchange(Parts.Split(input)),
            IsRefusal = IsInvalidArgument,
            Seeds = () => [Parts.Join(Frames().Select(frame => WireBytes.Write(FrameCodec.Marshaller, frame)))],
            AllocatedAlways = 256 * 1024,
        },
        new()
        {
            Name = "fetch-state",
            Read = input => WireBytes.Read(CollectiveWire.FetchState.ResponseMarshaller, input),
            IsRefusal = error => error is InvalidProtocolBufferException,
            Seeds = () =>
                [
                    new StateChunk
                    {
                        Step = 5,
                        TotalBytes = 4000,
                        Offset = 12,
                        Data = ByteString.CopyFrom(1, 2, 3),
                        Sha256 = new string('a', 64),
                    }.ToByteArray(),
                ],
        },
    ];

    /// <summary>What comes over a data connection after its hello.</summary>
    private static void DataFrames(byte[] input)
    {
        using var stream = new MemoryStream(input);
        var header = new byte[DataWire.LongestHeader];
        while (DataWire.ReadFrame(stream, header) is { } frame)
        {
            frame.Received!.Dispose();
        }
    }

    private static byte[] DataBytes(bool rounded)
    {
        var bytes = new List<byte>();
        var header = new byte[DataWire.LongestHeader];
        foreach (var frame in Frames().Where(frame => !frame.Floats.IsEmpty))
        {
            frame.IsRounded = rounded;
            var payload = frame.Floats.Length * frame.NumberBytes;
            bytes.AddRange(header.AsSpan(0, DataWire.Write(frame, payload, header)));
            bytes.AddRange(new byte[payload]);
        }
        return [.. bytes];
    }

    /// <summary>What another process left in a ring: how much it says it has written, and bytes.</summary>
    private static void Ring(byte[] input)
    {
        var ring = MemoryMarshal.AsBytes(s_ring.GetSpan());
        ring.Clear();
        input.AsSpan(0, Math.Min(input.Length, sizeof(long))).CopyTo(ring);
        input.AsSpan(Math.Min(input.Length, sizeof(long))..Math.Min(input.Length, MessageRing.Bytes / 2)).CopyTo(ring[256..]);
        var reader = new MessageRing(s_ring, 0);
        while (reader.TryRead(s_message) >= 0) { }
    }

    private static byte[] RingOf(params byte[][] messages)
    {
        s_ring.GetSpan().Clear();
        var writer = new MessageRing(s_ring, 0);
        Assert.All(messages, message => Assert.True(writer.TryWrite(message)));
        var ring = MemoryMarshal.AsBytes(s_ring.GetSpan());
        return [.. ring[..sizeof(long)], .. ring.Slice(256, messages.Sum(message => sizeof(int) + message.Length))];
    }

    private static bool IsInvalidArgument(Exception error) => error is RpcException { StatusCode: StatusCode.InvalidArgument };

    /// <summary>All that rank 1 sends to rank 0 for a step, in order.</summary>
    private static List<CollectiveFrame> Frames()
    {
        var frames = new List<CollectiveFrame> { Of(FrameKind.Mailbox, (int)MailboxTopic.MemoryOffer, 1) };
        frames[0].JobId = s_plan.JobId;
        frames[0].Value = new SharedMemoryOffer { Pid = 1 }.ToByteArray();
        var slices = new SliceTable(s_layout, 2, s_options.FrameFloats);
        for (var i = 0; i < slices.Count; i++)
        {
            var slice = slices[i];
            var frame = Of(slice.Owner == 0 ? FrameKind.Reduce : FrameKind.Gather, slice.Bucket, 1);
            frame.Chunk = slice.Owner;
            frame.Offset = slice.Offset;
            frame.Node = slice.Owner == 0 ? new Subtree(1, 1) : default;
            frame.Floats = new float[slice.Range.Length];
            frames.Add(frame);
        }
        frames.Add(Of(FrameKind.Mailbox, (int)MailboxTopic.Barrier, 1));
        return frames;
    }

    /// <summary>What refers to memory that peers share, which they do not here.</summary>
    private static IEnumerable<CollectiveFrame> ByReference()
    {
        var shared = Of(FrameKind.Gather, 1, 2);
        shared.SharedBuffer = 2;
        return [Of(FrameKind.Copied, 0, 2), shared];
    }

    private static CollectiveFrame Of(FrameKind kind, int bucket, long step) =>
        new()
        {
            Generation = s_plan.Generation,
            SenderRank = 1,
            Step = step,
            Kind = kind,
            Bucket = bucket,
        };

    /// <summary>As <see cref="CollectiveGroup"/> is put together, without connections to send by.</summary>
    private static void Exchange(List<byte[]> frames)
    {
        if (frames.Count == 0)
        {
            return;
        }
        var detector = new FailureDetector(s_plan, s_options);
        var mailbox = new Mailbox(s_plan, s_options, detector, (_, _) => { });
        Memory<float> gradient = new float[s_layout.Length];
        var slices = new SliceTable(s_layout, s_plan.Workers, s_options.FrameFloats);
        var allReduce = new GradientAllReduce(s_plan, slices, gradient, detector, (_, frame) => frame.Taken?.Invoke());
        var links = new GroupLinks(s_plan, s_options, detector, Receive, mailbox.HasPassedBarrier);
        var step = allReduce.Begin(1);
        for (var bucket = 0; bucket < s_layout.Buckets.Count; bucket++)
        {
            step.Submit(bucket, new Subtree(1, 0), gradient);
        }
        var reader = new FrameStream(frames);
        reader.MoveNext(CancellationToken.None).GetAwaiter().GetResult();
        links.ReceiveAsync(reader.Current, reader, CancellationToken.None).GetAwaiter().GetResult();
        allReduce.Abandon();

        string? Receive(int rank, CollectiveFrame frame) =>
            frame.Step is < 1 or > 2 ? "another step"
            : frame.Kind == FrameKind.Mailbox ? mailbox.Receive(rank, frame)
            : allReduce.Receive(rank, frame);
    }

    private sealed class FrameStream(List<byte[]> frames) : IAsyncStreamReader<CollectiveFrame>
    {
        private int _next;

        public CollectiveFrame Current { get; private set; } = null!;

        public Task<bool> MoveNext(CancellationToken cancellationToken)
        {
            if (_next == frames.Count)
            {
                return Task.FromResult(false);
            }
            Current = WireBytes.Read(FrameCodec.Marshaller, frames[_next++]);
            return Task.FromResult(true);
        }
    }
}
