using Google.Protobuf;
using Grpc.Core;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Errors;
using TrainingCluster.Transport;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Checkpoints;

/// <summary>The calls of a member of generation 1 of <c>job-1</c>.</summary>
internal static class CheckpointCalls
{
    public static async Task<CheckpointInfo> StoreAsync(
        TestServer server,
        long step,
        bool best = false,
        bool model = false,
        string content = "weights"
    )
    {
        using var call = model
            ? server.Checkpoints.StoreModel(GroupToken.Show(TestServer.GroupSecret))
            : server.Checkpoints.StoreCheckpoint(GroupToken.Show(TestServer.GroupSecret));
        return await SendAsync(
            call,
            new()
            {
                JobId = "job-1",
                Generation = 1,
                Step = step,
                Best = best,
            },
            (model ? "model.safetensors" : "state.safetensors", Safetensors(content))
        );
    }

    /// <summary>A file with one tensor of bytes; all of it is ASCII.</summary>
    public static string Safetensors(string content)
    {
        var header = $$$"""{"x":{"dtype":"U8","shape":[{{{content.Length}}}],"data_offsets":[0,{{{content.Length}}}]}}""";
        return $"{(char)header.Length}{new string('\0', 7)}{header}{content}";
    }

    public static Task<CheckpointInfo> SendAsync(
        AsyncClientStreamingCall<StoreCheckpointRequest, CheckpointInfo> call,
        CheckpointHeader header,
        params (string Path, string Content)[] files
    ) =>
        call.SendAllAsync(
            files
                .Select(file => new StoreCheckpointRequest
                {
                    File = new()
                    {
                        Path = file.Path,
                        FileBytes = file.Content.Length,
                        Data = ByteString.CopyFromUtf8(file.Content),
                    },
                })
                .Prepend(new StoreCheckpointRequest { Header = header })
                .ToAsyncEnumerable(),
            TestContext.Current.CancellationToken
        );

    public static async Task<string[]> FetchAsync(TestServer server, string id)
    {
        using var call = server.Checkpoints.FetchCheckpoint(
            new()
            {
                JobId = "job-1",
                CheckpointId = id,
                Generation = 1,
            },
            GroupToken.Show(TestServer.GroupSecret)
        );
        var files = new List<string>();
        await foreach (var chunk in call.ResponseStream.ReadAllAsync())
        {
            files.Add($"{chunk.Path}={chunk.Data.ToStringUtf8()}");
        }
        return [.. files];
    }

    public static async Task<CheckpointInfo> StorePartAsync(TestServer server, long step, int part, int parts, string content)
    {
        using var call = server.Checkpoints.StoreCheckpoint(GroupToken.Show(TestServer.GroupSecret));
        return await SendAsync(
            call,
            new()
            {
                JobId = "job-1",
                Generation = 1,
                Step = step,
                Part = part,
                Parts = parts,
                Epoch = 2,
            },
            ("state.safetensors", content)
        );
    }
}
