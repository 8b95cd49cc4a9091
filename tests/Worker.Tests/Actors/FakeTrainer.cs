using System.Threading.Channels;
using Google.Protobuf;
using TrainingCluster.V1;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Worker.Tests.Actors;

internal sealed class FakeTrainer : ITrainer
{
    private readonly Channel<IMessage> _commands = Channel.CreateUnbounded<IMessage>();

    public RunningJob? Running { get; set; }

    public void Prepare(OpenRendezvous message) => _commands.Writer.TryWrite(message);

    public void Start(StartGeneration message) => _commands.Writer.TryWrite(message);

    public void Stop(StopTraining message) => _commands.Writer.TryWrite(message);

    public async Task<IMessage> NextCommandAsync()
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        return await _commands.Reader.ReadAsync(timeout.Token);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
