using System.Threading.Channels;
using Google.Protobuf;
using TrainingCluster.V1;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Worker.Actors;

internal sealed class FakeTrainer : ITrainer
{
    private readonly Channel<IMessage> commands = Channel.CreateUnbounded<IMessage>();

    public RunningJob? Running { get; set; }

    public void Prepare(PrepareGeneration message) => commands.Writer.TryWrite(message);

    public void Start(StartGeneration message) => commands.Writer.TryWrite(message);

    public void Stop(StopTraining message) => commands.Writer.TryWrite(message);

    public async Task<IMessage> NextCommand()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        return await commands.Reader.ReadAsync(patience.Token);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
