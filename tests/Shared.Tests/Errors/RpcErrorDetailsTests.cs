using Google.Rpc;
using Grpc.Core;

namespace TrainingCluster.Errors;

public class RpcErrorDetailsTests
{
    [Fact]
    public void Find_InvalidSpec_GivesEveryViolation()
    {
        var error = RpcErrors.InvalidSpec([new("seed", "-1", "is negative", "use 1"), new("dataset", "", "names no data", "name files")]);

        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        var details = RpcErrorDetails.Find<BadRequest>(error);
        Assert.Equal([("seed", "'-1' is negative; use 1"), ("dataset", "names no data; name files")],
            details!.FieldViolations.Select(v => (v.Field, v.Description)));
        Assert.Equal(["seed: '-1' is negative; use 1", "dataset: names no data; name files"], RpcErrorDetails.Lines(error));
    }

    [Fact]
    public void Find_NotFound_NamesTheResource()
    {
        var error = RpcErrors.NotFound("job", "x1", "list the jobs");
        Assert.Equal(("job", "x1"), (RpcErrorDetails.Find<ResourceInfo>(error)!.ResourceType, RpcErrorDetails.Find<ResourceInfo>(error)!.ResourceName));
        Assert.Null(RpcErrorDetails.Find<BadRequest>(error));
    }

    [Fact]
    public void Find_TrailerOfAnotherForm_GivesNull()
    {
        var error = new RpcException(new Grpc.Core.Status(StatusCode.Internal, "x"), new Metadata { { RpcErrorDetails.Trailer, [0xff, 0xff] } });
        Assert.Null(RpcErrorDetails.Find<ErrorInfo>(error));
        Assert.Equal(["x"], RpcErrorDetails.Lines(error));
    }
}
