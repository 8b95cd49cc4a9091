using System.Text.Json.Nodes;
using Google.Protobuf;
using TrainingCluster.Checkpoints;
using TrainingCluster.Coordinator.Datasets;
using TrainingCluster.Coordinator.Files;
using TrainingCluster.Coordinator.Store;
using TrainingCluster.Files;
using TrainingCluster.Modeling.Serialization;

namespace TrainingCluster.Coordinator.Checkpoints;

/// <summary>
/// Makes model folders of checkpoints, so that a job can be tried while it trains. Only one at a time: weights are in memory.
/// </summary>
/// <param name="library">Has the checkpoints.</param>
/// <param name="datasets">Have the vocabularies.</param>
/// <param name="data">Gets the folders.</param>
public sealed class CheckpointModels(CheckpointLibrary library, DatasetLibrary datasets, DataFolder data) : IDisposable
{
    private const string Weights = "weights/";

    private readonly SemaphoreSlim _one = new(1);

    /// <summary>A model folder with the weights of the job's newest whole checkpoint.</summary>
    /// <returns>Null: there is no checkpoint, or not the dataset whose vocabulary it needs. It is removed with the object.</returns>
    /// <exception cref="IOException">The disk failed.</exception>
    public async Task<CheckpointModel?> MakeAsync(StoredJob job, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        await _one.WaitAsync(cancellationToken);
        var model = new CheckpointModel(Path.Combine(data.Uploads, $"{FolderReceiver.TemporaryPrefix}model-{Guid.NewGuid():N}"));
        try
        {
            while (true)
            {
                if ((await library.NewestWholeAsync(job.Id, cancellationToken)).Newest is not { } checkpoint)
                {
                    break;
                }
                var folder = library.Folder(job.Id, checkpoint.CheckpointId);
                try
                {
                    if (await TryWriteAsync(job, checkpoint.Step, folder, model.Folder, cancellationToken))
                    {
                        return model;
                    }
                    break;
                }
                catch (IOException) when (!Directory.Exists(folder))
                {
                    // A newer one has taken its place meanwhile.
                }
            }
            await model.DisposeAsync();
            return null;
        }
        catch
        {
            await model.DisposeAsync();
            throw;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private async Task<bool> TryWriteAsync(StoredJob job, long step, string checkpoint, string folder, CancellationToken cancellationToken)
    {
        var dataset = datasets.Folder(job.Spec.Dataset.Fingerprint);
        var tokenizer = Path.Combine(dataset, ModelFolder.TokenizerFile);
        if (!File.Exists(tokenizer))
        {
            return false;
        }
        var vocabulary = (await datasets.InfoAsync(job.Spec.Dataset.Fingerprint, cancellationToken)).VocabularySize;
        var weights = Read(Path.Combine(checkpoint, CheckpointManifest.StateFile));
        ModelFolder.Save(
            folder,
            weights,
            await File.ReadAllBytesAsync(tokenizer, cancellationToken),
            new ModelManifest
            {
                Specification = JsonNode.Parse(JsonFormatter.Default.Format(job.Spec))!.AsObject(),
                VocabularySize = vocabulary,
                Counts = new SortedDictionary<string, long>(StringComparer.Ordinal)
                {
                    ["steps"] = step,
                    ["parameters"] = weights.Sum(weight => weight.Bytes.Length / (long)sizeof(float)),
                },
            }
        );
        return true;
    }

    // Beside the weights a checkpoint holds moments and averages, which no translation needs.
    private static List<NamedTensor> Read(string path)
    {
        using var file = Safetensors.Open(path);
        return
        [
            .. file
                .Entries.Where(entry => entry.Name.StartsWith(Weights, StringComparison.Ordinal))
                .Select(entry => file.Read(entry.Name) with { Name = entry.Name[Weights.Length..] }),
        ];
    }
}

/// <summary>A model folder that was made of a checkpoint, and goes with this object.</summary>
/// <param name="folder">Where it is.</param>
public sealed class CheckpointModel(string folder) : IAsyncDisposable
{
    /// <summary>Where it is.</summary>
    public string Folder => folder;

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
        return ValueTask.CompletedTask;
    }
}
