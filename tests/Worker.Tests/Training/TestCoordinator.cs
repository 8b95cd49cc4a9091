using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TrainingCluster.Errors;
using TrainingCluster.Files;
using TrainingCluster.V1;

namespace TrainingCluster.Worker.Tests.Training;

/// <summary>The coordinator's file services over memory, on a real port.</summary>
internal sealed class TestCoordinator : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestCoordinator(WebApplication app, Store files) => (_app, Files) = (app, files);

    public Store Files { get; }

    public string Address => _app.Urls.First();

    public static async Task<TestCoordinator> StartAsync()
    {
        var store = new Store();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(store);
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2)
        );
        var app = builder.Build();
        app.MapGrpcService<CheckpointService>();
        app.MapGrpcService<DatasetService>();
        await app.StartAsync();
        return new TestCoordinator(app, store);
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    internal sealed class Store
    {
        public ConcurrentDictionary<string, Dictionary<string, byte[]>> Folders { get; } = new();

        /// <summary>Of the files as they were stored.</summary>
        public ConcurrentDictionary<(string Id, string Path), string> Sha256 { get; } = new();

        /// <summary>By step: what each worker sent of a checkpoint that all write.</summary>
        public Dictionary<long, Dictionary<string, byte[]>[]> Parts { get; } = [];

        /// <summary>If set, the next store fails with it.</summary>
        public Status? Refusal { get; set; }

        public string? DatasetFolder { get; set; }

        public int Downloads { get; set; }

        public void Keep(string id, Dictionary<string, byte[]> files)
        {
            foreach (var (path, bytes) in files)
            {
                Sha256[(id, path)] = Convert.ToHexStringLower(SHA256.HashData(bytes));
            }
            Folders[id] = files;
        }
    }

    private sealed class CheckpointService(Store store) : V1.Checkpoints.CheckpointsBase
    {
        public override Task<CheckpointInfo> StoreCheckpoint(
            IAsyncStreamReader<StoreCheckpointRequest> requestStream,
            ServerCallContext context
        ) => TakeAsync(requestStream, header => $"{header.JobId}/checkpoints/{header.Step}");

        public override Task<CheckpointInfo> StoreModel(
            IAsyncStreamReader<StoreCheckpointRequest> requestStream,
            ServerCallContext context
        ) => TakeAsync(requestStream, header => $"{header.JobId}/model");

        public override async Task FetchCheckpoint(
            FetchCheckpointRequest request,
            IServerStreamWriter<FileChunk> responseStream,
            ServerCallContext context
        )
        {
            if (!store.Folders.TryGetValue(request.CheckpointId, out var files))
            {
                throw new RpcException(new Status(StatusCode.NotFound, request.CheckpointId));
            }
            foreach (var (path, bytes) in files)
            {
                await responseStream.WriteAsync(
                    new FileChunk
                    {
                        Path = path,
                        FileBytes = bytes.Length,
                        Sha256 = store.Sha256[(request.CheckpointId, path)],
                        Data = ByteString.CopyFrom(bytes),
                    }
                );
            }
        }

        private async Task<CheckpointInfo> TakeAsync(
            IAsyncStreamReader<StoreCheckpointRequest> requests,
            Func<CheckpointHeader, string> name
        )
        {
            await requests.MoveNext();
            var header = requests.Current.Header;
            if (store.Refusal is { } refusal)
            {
                store.Refusal = null;
                throw new RpcException(refusal);
            }

            var files = new Dictionary<string, MemoryStream>();
            while (await requests.MoveNext())
            {
                var chunk = requests.Current.File;
                if (!files.TryGetValue(chunk.Path, out var stream))
                {
                    files.Add(chunk.Path, stream = new MemoryStream());
                }
                stream.Write(chunk.Data.Span);
            }

            if (header.Parts > 1)
            {
                return Part(header, files.ToDictionary(file => file.Key, file => file.Value.ToArray()), name(header));
            }
            store.Keep(name(header), files.ToDictionary(file => file.Key, file => file.Value.ToArray()));
            return new CheckpointInfo
            {
                CheckpointId = name(header),
                JobId = header.JobId,
                Step = header.Step,
                SizeBytes = files.Values.Sum(file => file.Length),
            };
        }

        private CheckpointInfo Part(CheckpointHeader header, Dictionary<string, byte[]> files, string name)
        {
            lock (store.Parts)
            {
                var parts = store.Parts.TryGetValue(header.Step, out var known)
                    ? known
                    : store.Parts[header.Step] = new Dictionary<string, byte[]>[header.Parts];
                parts[header.Part] = files;
                if (parts.Any(part => part is null))
                {
                    return new CheckpointInfo { JobId = header.JobId, Step = header.Step };
                }
                store.Keep(
                    name,
                    parts
                        .SelectMany(part => part)
                        .GroupBy(file => file.Key)
                        .ToDictionary(file => file.Key, file => file.SelectMany(piece => piece.Value).ToArray())
                );
                return new CheckpointInfo
                {
                    CheckpointId = name,
                    JobId = header.JobId,
                    Step = header.Step,
                    SizeBytes = store.Folders[name].Values.Sum(file => (long)file.Length),
                };
            }
        }
    }

    private sealed class DatasetService(Store store) : V1.Datasets.DatasetsBase
    {
        public override async Task DownloadDataset(
            DownloadDatasetRequest request,
            IServerStreamWriter<FileChunk> responseStream,
            ServerCallContext context
        )
        {
            if (store.DatasetFolder is not { } folder)
            {
                throw new RpcException(new Status(StatusCode.NotFound, request.Fingerprint));
            }
            store.Downloads++;
            await responseStream.SendAllAsync(FolderSender.ReadAsync(folder), context.CancellationToken);
        }
    }
}
