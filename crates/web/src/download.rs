//! `/ui/download`: the profile as a file.

use profile::proto::write_gz;

use crate::reply::Reply;
use crate::site::Request;

pub(crate) fn page(request: &Request<'_>) -> Result<Reply, Reply> {
    let mut bytes = Vec::new();
    write_gz(&request.site.setup.profile, &mut bytes).map_err(|e| Reply::error(500, e))?;
    let mut reply = Reply::ok("application/vnd.google.protobuf+gzip", bytes);
    reply.file = Some("profile.pb.gz");
    Ok(reply)
}
