using Compat.Grpc.Tests.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Compat.Grpc.Tests.Testing;

public sealed class EchoService : Echo.EchoBase
{
    public override Task<Note> Say(Note request, ServerCallContext context) => Task.FromResult(request);

    public override async Task<Note> Collect(IAsyncStreamReader<Note> requestStream, ServerCallContext context)
    {
        var all = new Note { Data = ByteString.Empty };
        await foreach (var note in requestStream.ReadAllAsync())
        {
            all.Text += note.Text;
            all.Count++;
        }
        return all;
    }

    public override async Task Repeat(Note request, IServerStreamWriter<Note> responseStream, ServerCallContext context)
    {
        for (var i = 0; i < request.Count; i++)
            await responseStream.WriteAsync(new Note { Text = request.Text, Data = request.Data, Count = i });
    }

    public override async Task Chat(
        IAsyncStreamReader<Note> requestStream, IServerStreamWriter<Note> responseStream, ServerCallContext context)
    {
        await foreach (var note in requestStream.ReadAllAsync())
            await responseStream.WriteAsync(note);
    }
}
