using Grpc.Net.Client;
using TrainingCluster.Security;
using TrainingCluster.Serving.Models;
using TrainingCluster.Transport;

namespace TrainingCluster.Serving.Hosting;

/// <summary>Makes sources of what the command line names.</summary>
internal sealed class ModelSources : IDisposable
{
    // A coordinator that keeps its connection open and answers nothing any more.
    private static readonly TimeSpan s_pingAfter = TimeSpan.FromSeconds(20);

    private readonly GrpcChannel? _channel;

    /// <param name="options">Models and coordinator.</param>
    /// <param name="folder">Gets fetched models.</param>
    /// <param name="settings">How long to wait.</param>
    /// <param name="access">Whom to trust, and what to show the coordinator.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="InvalidDataException">The options cannot be.</exception>
    public ModelSources(ServerOptions options, string folder, ModelSettings settings, ClientAccess access, TimeProvider time)
    {
        var folders = options.Models.Where(IsFolder).Select(model => new FolderSource(model)).ToList();
        if (folders.GroupBy(source => source.Id, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new InvalidDataException(
                $"--model: {string.Join(" and ", twice.Select(source => source.Name))} have the same name '{twice.Key}', by which clients "
                    + "would call them; rename one of the folders"
            );
        }
        var jobs = options.Models.Where(model => !IsFolder(model)).Distinct(StringComparer.Ordinal).ToList();
        var ofJobs = new List<IModelSource>();
        if (jobs.Count > 0 || options.Models.Count == 0)
        {
            if (options.Coordinator is not { } coordinator)
            {
                throw new InvalidDataException(
                    jobs.Count > 0
                        ? $"--model {jobs[0]}: there is no such folder; give a folder that training has left, or --coordinator ADDRESS for "
                            + "the id of a job"
                        : "give --model DIR, or --coordinator ADDRESS for the models of its jobs"
                );
            }
            var address = access.AddressOf(coordinator);
            _channel = ClusterChannel.Open(
                address.GetLeftPart(UriPartial.Authority),
                handler =>
                {
                    (handler.KeepAlivePingDelay, handler.KeepAlivePingTimeout) = (s_pingAfter, settings.AnswerTimeout);
                    access.Configure(handler.SslOptions, CertificateRole.Coordinator);
                },
                access.CredentialsFor(address)
            );
            var client = new V1.Jobs.JobsClient(_channel);
            var shown = address.GetLeftPart(UriPartial.Authority);
            ofJobs.AddRange(
                jobs.Select(job => (string?)job)
                    .DefaultIfEmpty(null)
                    .Select(job => new JobSource(client, shown, job, folder, settings, time))
            );
        }
        All = [.. folders, .. ofJobs];
    }

    /// <summary>All of them.</summary>
    public IReadOnlyList<IModelSource> All { get; }

    /// <inheritdoc/>
    public void Dispose() => _channel?.Dispose();

    /// <summary>An id of a job has no '/'; what looks like a path and is not there is a mistake in a path.</summary>
    private static bool IsFolder(string model) => Directory.Exists(model) || model.Contains('/', StringComparison.Ordinal);
}
