using Google.Protobuf;
using TrainingCluster.Checkpoints;
using TrainingCluster.Coordinator.Checkpoints;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Files;
using TrainingCluster.Fuzzing.Tests.Engine;
using TrainingCluster.V1;

namespace TrainingCluster.Fuzzing.Tests.Targets;

/// <summary>Folders that come as streams of chunks, and what stands beside a checkpoint's files.</summary>
internal static class CheckpointTargets
{
    private const string JobId = "job-1";

    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new()
        {
            Name = "folder",
            PartDepth = 1,
            Read = input => Receive(Parts.Split(input)),
            IsRefusal = error => error is FileTransferException or InvalidProtocolBufferException,
            Seeds = () => [Parts.Join(Chunks("a.txt", "state.safetensors", "sub/b.txt").Select(chunk => chunk.ToByteArray()))],
            Words = ["a.txt", "sub", "/", "..", "../", ".incoming-", "checkpoint.json", new string('n', 300)],
            // A file's buffer of 64 KiB, for each chunk's file.
            AllocatedAlways = 512 * 1024,
            AllocatedPerByte = 16 * 1024,
            Cost = 4,
        },
        new()
        {
            Name = "checkpoint-manifest",
            Read = ReadManifest,
            Seeds = () =>
                [
                    new CheckpointManifest(
                        CheckpointManifest.CurrentVersion,
                        JobId,
                        2,
                        10,
                        true,
                        [new StoredFile(CheckpointManifest.StateFile, 5, Sha256OfFive)],
                        1
                    ).ToBytes(),
                ],
            IsText = true,
            Words = ["\"path\": \"\\u0000\"", "\"bytes\": 9223372036854775807", "\"files\": [null]"],
            AllocatedAlways = 512 * 1024,
            AllocatedPerByte = 1024,
            Cost = 4,
        },
        new()
        {
            Name = "checkpoint-parts",
            PartDepth = 2,
            Read = AddParts,
            IsRefusal = error => error is FileTransferException or InvalidProtocolBufferException or Grpc.Core.RpcException,
            Seeds = () =>
                [
                    Parts.Join(
                        Enumerable
                            .Range(0, 2)
                            .Select(part =>
                                Parts.Join([
                                    Header(part).ToByteArray(),
                                    .. Chunks(CheckpointManifest.StateFile, "notes").Select(chunk => chunk.ToByteArray()),
                                ])
                            )
                    ),
                ],
            Words = ["state.safetensors", "/", "notes", "notes/x"],
            AllocatedAlways = 4 * 1024 * 1024,
            AllocatedPerByte = 16 * 1024,
            Cost = 10,
        },
    ];

    // SHA-256 of five zero bytes.
    private const string Sha256OfFive = "8855508aade16ec573d21e6a485dfd0a7624085c1a14b5ecdd6485de0c6839a4";

    private static IEnumerable<FileChunk> Chunks(params string[] paths) =>
        paths.SelectMany(path =>
            new[] { "first ", "second" }.Select(text => new FileChunk
            {
                Path = path,
                FileBytes = 12,
                Data = ByteString.CopyFromUtf8(text),
            })
        );

    private static CheckpointHeader Header(int part) =>
        new()
        {
            JobId = JobId,
            Generation = 2,
            Step = 10,
            Part = part,
            Parts = 2,
        };

    private static void Receive(IEnumerable<byte[]> chunks)
    {
        var receiver = new FolderReceiver(Scratch.At("receiver"));
        try
        {
            Take(receiver, chunks);
        }
        finally
        {
            receiver.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static void Take(FolderReceiver receiver, IEnumerable<byte[]> chunks)
    {
        foreach (var chunk in chunks)
        {
            receiver.WriteAsync(FileChunk.Parser.ParseFrom(chunk), CancellationToken.None).GetAwaiter().GetResult();
        }
        receiver.CompleteAsync(CancellationToken.None).GetAwaiter().GetResult();
    }

    private static void ReadManifest(byte[] input)
    {
        var data = new DataFolder(Scratch.Folder("checkpoints"));
        var folder = Path.Combine(data.Checkpoints(JobId), "10");
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(Path.Combine(folder, CheckpointManifest.FileName), input);
        File.WriteAllBytes(Path.Combine(folder, CheckpointManifest.StateFile), new byte[5]);
        using var library = new CheckpointLibrary(data, new());
        library.List(JobId);
        CheckpointSurvey.ReadAsync(data.Root, CancellationToken.None).GetAwaiter().GetResult();
        library.NewestWholeAsync(JobId, CancellationToken.None).GetAwaiter().GetResult();
    }

    /// <summary>Each part is its header and its chunks; the last one to come makes the checkpoint.</summary>
    private static void AddParts(byte[] input)
    {
        var data = new DataFolder(Scratch.Folder("parts"));
        data.Prepare();
        using var library = new CheckpointLibrary(data, new());
        foreach (var part in Parts.Split(input))
        {
            var messages = Parts.Split(part);
            var header = CheckpointHeader.Parser.ParseFrom(messages.At(0));
            CheckpointsService.RequireSensible(header);
            header.JobId = JobId;
            var receiver = library.Receive(JobId);
            try
            {
                Take(receiver, messages.Skip(1));
                var whole =
                    header.Parts <= 1 ? receiver : library.AddPartAsync(receiver, header, CancellationToken.None).GetAwaiter().GetResult();
                if (whole is not null)
                {
                    library.KeepAsync(whole, header, keep: 2, CancellationToken.None).GetAwaiter().GetResult();
                    Assert.Equal("", library.List(JobId).Single(info => info.Step == header.Step).Error);
                }
            }
            finally
            {
                receiver.DisposeAsync().AsTask().GetAwaiter().GetResult();
            }
        }
    }
}
